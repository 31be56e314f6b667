"""How far a run is, and how long the rest will take."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from mish.study._jobs import Finished
from mish.study._plan import Kind


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        study: the study at which it is.
        done: how many jobs are finished, those of earlier runs included.
        failed: how many have failed.
        total: how many there are.
        seconds_left: how long the rest will take, by the jobs so far; None while there are none.
    """

    study: str
    done: int
    failed: int
    total: int
    seconds_left: float | None


@dataclass
class _Mean:
    sum: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.sum += value
        self.count += 1


@dataclass
class Pace:
    """How long jobs take, from those that are done, by study, scale and settings."""

    _by_settings: dict[Kind, _Mean] = field(default_factory=lambda: defaultdict(_Mean))
    _by_study: dict[tuple[str, str], _Mean] = field(default_factory=lambda: defaultdict(_Mean))

    def add(self, found: Finished) -> None:
        """Learn from a finished job."""
        job = found.job
        self._by_settings[job.study, job.scale, job.settings].add(found.seconds)
        self._by_study[job.study, job.scale].add(found.seconds)

    def seconds(self, left: Counter[Kind]) -> float | None:
        """Estimate how long jobs take on one worker; None if nothing is known of them.

        A study of which nothing is known is taken to be like the mean of the others.

        Args:
            left: how many there are for each study, scale and settings.
        """
        known = [mean for mean in self._by_study.values() if mean.count]
        if not known:
            return None
        everywhere = sum(mean.sum for mean in known) / sum(mean.count for mean in known)
        total = 0.0
        for (study, scale, settings), count in left.items():
            mean = self._by_settings.get((study, scale, settings)) or self._by_study.get(
                (study, scale)
            )
            total += count * (mean.sum / mean.count if mean else everywhere)
        return total
