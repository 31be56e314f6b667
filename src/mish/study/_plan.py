"""What a study has to do at a scale: the jobs that tune, and those that measure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mish.study._cells import Scale, Settings, Stage, Study, Tuning, canonical
from mish.study._jobs import Finished, Job
from mish.study._tuning import best_rate

COLUMNS = (
    *("study", "version", "scale", "activation", "seed"),
    *("rate", "measure", "value", "seconds"),
)
"""The columns of results besides settings."""

Kind: TypeAlias = tuple[str, str, str]
"""Study, scale and settings of jobs, which decide how long they take."""


@dataclass(frozen=True)
class Plan:
    """A study at a scale.

    Attributes:
        study: which.
        scale: the scale.
        activations: the names of those that take part.
        seeds: how many seeds of each setting; None for all.
    """

    study: Study
    scale: Scale
    activations: Sequence[str]
    seeds: int | None = None

    def tuning(self) -> list[Job]:
        """Give the jobs that look for learning rates, each once."""
        found: dict[Job, None] = {}
        for settings in self.study.settings(self.scale):
            tuning = self.study.tuning(self.scale, settings)
            if tuning is not None:
                for activation in self.activations:
                    found |= dict.fromkeys(self._tries(activation, tuning).values())
        return list(found)

    def runs(self, finished: Mapping[Job, Finished]) -> list[Job]:
        """Give the jobs that measure, for which a rate is known.

        They come in the order of their seeds, so that one that is interrupted leaves pairs.

        Args:
            finished: the results of tuning, as far as there are any.
        """
        rates: dict[tuple[str, str], float | None] = {}
        jobs = []
        for activation, seed, settings in self._cells():
            key = activation, canonical(settings)
            if key not in rates:
                tuning = self.study.tuning(self.scale, settings)
                if tuning is None:
                    rates[key] = None
                else:
                    tries = self._tries(activation, tuning)
                    if not finished.keys() >= set(tries.values()):
                        continue
                    results = {each: finished[job].results for each, job in tries.items()}
                    rates[key] = best_rate(tuning, results)
            jobs.append(self._job("run", activation, seed, settings, rates[key]))
        return jobs

    def outline(self, finished: Mapping[Job, Finished]) -> tuple[int, Counter[Kind]]:
        """Count all jobs, and those that are left, by kinds, while rates may be unknown.

        A run counts as finished at any rate.
        """
        tuning, cells = self.tuning(), self.cells()
        measured = {
            (job.activation, job.seed, job.settings)
            for job in finished
            if (job.scale, job.stage) == (self.scale, "run")
        }
        left = kinds(job for job in tuning if job not in finished)
        left.update((self.study.name, self.scale, settings) for _, _, settings in cells - measured)
        return len(tuning) + len(cells), left

    def cells(self) -> set[tuple[str, int, str]]:
        """Give activation, seed and settings of all runs, whatever their rates will be."""
        return {(name, seed, canonical(settings)) for name, seed, settings in self._cells()}

    def _cells(self) -> Iterator[tuple[str, int, Settings]]:
        ranges = [
            (settings, self.study.seeds(self.scale, settings)[: self.seeds])
            for settings in self.study.settings(self.scale)
        ]
        for seed in sorted({*itertools.chain.from_iterable(seeds for _, seeds in ranges)}):
            for settings, seeds in ranges:
                if seed in seeds:
                    for activation in self.activations:
                        yield activation, seed, settings

    def _tries(self, activation: str, tuning: Tuning) -> dict[tuple[float, int], Job]:
        """The jobs of a tuning by rate and seed."""
        return {
            (rate, seed): self._job("tune", activation, seed, tuning.settings, rate)
            for seed, rate in itertools.product(tuning.seeds, tuning.rates)
        }

    def _job(
        self, stage: Stage, activation: str, seed: int, settings: Settings, rate: float | None
    ) -> Job:
        study = self.study
        return Job(
            *(study.name, study.version, self.scale, stage),
            *(activation, seed, canonical(settings), rate),
        )


def kinds(jobs: Iterable[Job]) -> Counter[Kind]:
    """Count jobs by their kinds."""
    return Counter((job.study, job.scale, job.settings) for job in jobs)


def plans(
    studies: Iterable[Study], scale: Scale, activations: Sequence[str] | None, seeds: int | None
) -> list[Plan]:
    """Plan studies, each with its own activations if none are given.

    Raises:
        ValueError: a study contradicts itself.
    """
    found = []
    for each in studies:
        _require_sound(each, scale)
        chosen = each.activations(scale) if activations is None else activations
        found.append(Plan(each, scale, tuple(dict.fromkeys(chosen)), seeds))
    return found


def _require_sound(study: Study, scale: Scale) -> None:
    """Refuse a study whose results would not be a table, or not be independent of its tuning."""
    names = {tuple(sorted(settings)) for settings in study.settings(scale)}
    if len(names) > 1:
        raise ValueError(f"the settings of the study {study.name!r} differ in their names")
    for name in names.pop() if names else ():
        if name in COLUMNS:
            raise ValueError(
                f"a setting of the study {study.name!r} is called {name!r}, as a column of results "
                "is: choose another name"
            )
    for settings in study.settings(scale):
        tuning = study.tuning(scale, settings)
        shared = set(tuning.seeds) & set(study.seeds(scale, settings)) if tuning else set()
        if shared:
            raise ValueError(
                f"the study {study.name!r} tunes with seeds of its runs, {sorted(shared)}: they "
                "must be others"
            )
