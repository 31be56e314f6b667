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
    _by_scale: dict[str, _Mean] = field(default_factory=lambda: defaultdict(_Mean))

    def add(self, found: Finished) -> None:
        """Learn from a finished job."""
        job = found.job
        self._by_settings[job.study, job.scale, job.settings].add(found.seconds)
        self._by_study[job.study, job.scale].add(found.seconds)
        self._by_scale[job.scale].add(found.seconds)

    def seconds(self, left: Counter[Kind]) -> float | None:
        """Estimate how long jobs take on one worker; None if nothing is known of some of them.

        Settings of which nothing is known are taken to be like the others of their study, and a
        study like the others of its scale.

        Args:
            left: how many there are for each study, scale and settings.
        """
        total = 0.0
        for kind, count in left.items():
            study, scale, _ = kind
            mean = self._by_settings.get(kind) or self._by_study.get((study, scale))
            mean = mean or self._by_scale.get(scale)
            if mean is None:
                return None
            total += count * mean.sum / mean.count
        return total
