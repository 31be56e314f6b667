"""Running studies: what is planned and not yet in the database, over processes or a cluster."""

from __future__ import annotations

import contextlib
import pickle
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from mish._support.cpus import allowed_cpus
from mish._support.extras import needs
from mish.study import _registry
from mish.study import activations as known
from mish.study._cells import SCALES, Scale
from mish.study._jobs import Failed, Finished, Job, Outcome, Task
from mish.study._plan import Kind, Plan, kinds, plans
from mish.study._processes import Processes
from mish.study._progress import Pace, Progress
from mish.study._store import Store


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        found: how many jobs were in the database before.
        done: how many were done now.
        failed: those that raised an error; they are tried again next time.
        untuned: how many runs have no learning rate, as a job that looks for it failed.
        seconds: how long it took.
    """

    found: int
    done: int
    failed: tuple[Failed, ...]
    untuned: int
    seconds: float


class Workers(Protocol):
    """Whoever does jobs, here or elsewhere."""

    count: int

    def perform(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Do jobs, and give outcomes as they come."""
        ...

    def close(self) -> None:
        """Leave what is not done."""
        ...


def run(
    studies: Sequence[str],
    *,
    database: Path | str,
    scale: Scale = "full",
    workers: int | None = None,
    scheduler: str | None = None,
    activations: Sequence[str] | None = None,
    seeds: int | None = None,
    on_progress: Callable[[Progress], object] = lambda progress: None,
) -> Summary:
    """Run studies, and keep every result in a database as soon as it is there.

    What the database has is not run again. So a run that was stopped, or killed, goes on where it
    was if it is called again; it loses the jobs that were running. A job that raises an error is
    left out, and the others are done. Learning rates are looked for before a study runs.

    Args:
        studies: names of `studies()`.
        database: the SQLite file to keep results in; made if it is not there.
        scale: ``"quick"``, some seconds each, or ``"full"``.
        workers: how many processes, of one thread each; as many as there are CPUs if not given.
        scheduler: the address of a Dask scheduler whose workers do the jobs instead.
        activations: names of `activations`; those of each study if not given.
        seeds: at most so many of each setting's seeds.
        on_progress: called with a `Progress` at the start and after each job.

    Raises:
        ValueError: a study or an activation is unknown, a number is not positive, or the database
            cannot be used, is of another version, or is in use by another process.
        ConnectionError: the scheduler does not answer, or is gone; finished jobs are kept.
        ModuleNotFoundError: the extra ``study`` is not installed.
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")
    for name, number in (("workers", workers), ("seeds", seeds)):
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
    if workers is not None and scheduler is not None:
        raise ValueError("workers are processes here: with a scheduler, its workers do the jobs")
    with needs("study", "mish.study.run"):
        if find_spec("torch") is None:  # its import takes seconds, and here it is not used
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
    wanted = [_registry.find(name) for name in dict.fromkeys(studies)]
    if activations is not None:
        _require_known(activations)
    planned = plans(wanted, scale, activations, seeds)
    with (
        contextlib.closing(_workers(workers, scheduler)) as crew,
        Store(Path(database), create=True) as store,
        store.writing(),
    ):
        return _Run(store, crew, on_progress).all(planned)


def _require_known(names: Sequence[str]) -> None:
    if not names:
        raise ValueError("activations must name at least one, or be None for those of each study")
    for name in names:
        activation = known.get(name)
        if name in known.SHIPPED:
            continue
        try:
            pickle.dumps(activation)
        except (AttributeError, TypeError, pickle.PicklingError) as error:
            raise ValueError(
                f"activation {name!r} cannot be sent to worker processes: register it with a "
                f"class or function of a module, not one that a function made ({error})"
            ) from error


def _workers(count: int | None, scheduler: str | None) -> Workers:
    if scheduler is None:
        return Processes(count or allowed_cpus())
    from mish.study._cluster import Cluster

    return Cluster(scheduler)


def _task(job: Job) -> Task:
    added = job.activation not in known.SHIPPED
    module = _registry.modules()[job.study]
    return Task(job, module, known.get(job.activation) if added else None)


class _Run:
    """One call of `run`."""

    def __init__(
        self, store: Store, workers: Workers, on_progress: Callable[[Progress], object]
    ) -> None:
        self._store = store
        self._workers = workers
        self._on_progress = on_progress
        self._pace = Pace()
        self._left: dict[str, Counter[Kind]] = {}  # of each study
        self._total = self._found = self._done = self._untuned = 0
        self._failed: list[Failed] = []

    def all(self, planned: Sequence[Plan]) -> Summary:
        """Do what is left of every plan, one after another."""
        began = time.monotonic()
        finished = [self._survey(plan) for plan in planned]
        for plan, those in zip(planned, finished, strict=True):
            self._one(plan, those)
        seconds = time.monotonic() - began
        return Summary(self._found, self._done, tuple(self._failed), self._untuned, seconds)

    def _survey(self, plan: Plan) -> dict[Job, Finished]:
        """See what is there of a plan, and count what is left, before its rates are known."""
        finished = self._store.finished(plan.study.name, plan.study.version)
        for each in finished.values():
            self._pace.add(each)
        total, self._left[plan.study.name] = plan.outline(finished)
        self._total += total
        return finished

    def _one(self, plan: Plan, finished: dict[Job, Finished]) -> None:
        """Tune, then measure."""
        self._do(plan.tuning(), finished)
        runs = plan.runs(finished)
        self._untuned += len(plan.cells()) - len(runs)
        self._left[plan.study.name] = kinds(job for job in runs if job not in finished)
        self._do(runs, finished)

    def _do(self, jobs: Sequence[Job], finished: dict[Job, Finished]) -> None:
        """Do jobs of a study that are not finished, and keep what comes of each at once."""
        left = [job for job in jobs if job not in finished]
        self._found += len(jobs) - len(left)
        if not jobs:
            return
        study = jobs[0].study
        self._tell(study)
        for outcome in self._workers.perform(_task(job) for job in left):
            self._left[study] -= kinds([outcome.job])
            if isinstance(outcome, Failed):
                self._failed.append(outcome)
            else:
                self._store.add(outcome)
                finished[outcome.job] = outcome
                self._pace.add(outcome)
                self._done += 1
            self._tell(study)

    def _tell(self, study: str) -> None:
        left: Counter[Kind] = sum(self._left.values(), Counter())
        seconds = self._pace.seconds(left)
        done = self._total - left.total() - len(self._failed) - self._untuned
        self._on_progress(
            Progress(
                study,
                done,
                len(self._failed),
                self._total,
                None if seconds is None else seconds / self._workers.count,
            )
        )
