"""What the studies of this package have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from mish._support.extras import needs
from mish.study._cells import Better, Cell, Measure, Scale, Settings, Tuning
from mish.study._studies._planned import planned
from mish.study.activations import COMPARED, Activation, get

TUNING_SEEDS = range(1_000_000, 1_000_003)
"""The seeds of tuning: no run has one of them."""

FIRST_LOOK = 20
MOST = 250
"""Between the two lies how many pairs a setting has."""

ACCURACY = Measure(
    "accuracy",
    "%",
    "higher",
    0.5,
    "another draw of the same network changes its accuracy on 1,000 images by more",
)
LOSS = Measure("loss", "nat", "lower", 0.05, "5 % of the probability given to the right digit")
"""What `classify` gives of networks that read digits, in most studies."""


class Experiment(ABC):
    """A study whose cells train networks: see `mish.study.Study` for what each member means."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    question: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]
    baseline: ClassVar[str] = "mish"

    def activations(self, scale: Scale) -> tuple[str, ...]:
        """All that are compared."""
        return COMPARED

    @abstractmethod
    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Give every combination of what the study varies."""

    def seeds(self, scale: Scale, settings: Settings) -> range:
        """Give as many as were planned, and 3 at the quick scale."""
        if scale == "quick":
            return range(3)
        unplanned = MOST if self.decides(settings) else FIRST_LOOK
        return range(planned(self.name, settings, unplanned))

    def decides(self, settings: Settings) -> bool:
        """Whether the plan shall give these settings 250 pairs, even if fewer are enough."""
        return False

    @abstractmethod
    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Say how the learning rate is found; None where there is none to find."""

    def run(self, cell: Cell, rate: float | None, scale: Scale) -> dict[str, float]:
        """Do one run on one thread; NaN for all its numbers where training diverged.

        Raises:
            ValueError: there is no such activation, or these settings need a learning rate and
                `rate` is none.
        """
        with needs("study", f"mish study {self.name}"):
            from mish.study._training import Diverged, alone
        activation = get(cell.activation)
        tuning = self.tuning(scale, cell.settings)
        if tuning is not None and rate is None:
            raise ValueError(f"rate must be a learning rate for the study {self.name}, not None")
        try:
            with alone(cell.seed):
                found = self.trained(activation, cell.seed, cell.settings, rate or 0.0, scale)
        except Diverged:
            found = {}
        names = {each.name for each in self.measures} | ({tuning.measure} if tuning else set())
        finite = found.keys() >= names and all(map(math.isfinite, found.values()))
        return found if finite else dict.fromkeys(sorted(names), math.nan)

    @abstractmethod
    def trained(
        self,
        activation: Activation,
        seed: int,
        settings: Settings,
        rate: float,
        scale: Scale,
    ) -> dict[str, float]:
        """Train a network and give the numbers of its run; Diverged may be raised."""


def tuned(
    rates: tuple[float, ...],
    settings: Settings,
    scale: Scale,
    measure: str = "validation_accuracy",
    better: Better = "higher",
) -> Tuning:
    """Tune with three seeds; at the quick scale with one, and every second rate."""
    seeds = tuple(TUNING_SEEDS)
    if scale == "quick":
        rates, seeds = rates[1::2], seeds[:1]
    return Tuning(rates, dict(settings), seeds, measure, better)
