"""What a study is: its cells, what is measured in each, and how a learning rate is found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

Value: TypeAlias = bool | int | float | str
Settings: TypeAlias = Mapping[str, Value]
Scale: TypeAlias = Literal["quick", "full"]
Stage: TypeAlias = Literal["tune", "run"]
Better: TypeAlias = Literal["higher", "lower"]

SCALES: tuple[Scale, ...] = ("quick", "full")


@dataclass(frozen=True)
class Cell:
    """One run of one experiment.

    Attributes:
        study: the name of its study.
        activation: a name of `mish.study.activations`.
        seed: pairs runs: the same data, initial draw and order for every activation.
        settings: what the study varies besides, such as ``{"kind": "symmetric", "wrong": 0.4}``.
    """

    study: str
    activation: str
    seed: int
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """A number that every run of a study gives.

    Attributes:
        name: what it is called in results and tables, such as ``"accuracy"``.
        unit: its unit, such as ``"%"``; empty if it has none.
        better: which way is better.
        margin: two activations are the same where they differ by less, in `unit`; fixed beforehand.
        why: why this margin.
    """

    name: str
    unit: str
    better: Better
    margin: float
    why: str


@dataclass(frozen=True)
class Tuning:
    """How a learning rate is found: the same budget for every activation.

    Settings whose tunings are equal share what is found.

    Attributes:
        rates: the learning rates tried.
        settings: where they are tried.
        seeds: the seeds they are tried with; none of them is a seed of a run.
        measure: what decides, of the validation split: a key of what `Study.run` gives.
        better: which way is better.
    """

    rates: tuple[float, ...]
    settings: Settings
    seeds: tuple[int, ...]
    measure: str
    better: Better


class Study(Protocol):
    """An experiment on many activations and seeds, as `mish.study.register` takes it.

    Attributes:
        name: what it is called.
        version: raised when results change their meaning; rows of another version are not used.
        question: what it asks, in a sentence.
        measures: what each run gives; the first one is judged.
        baseline: the activation that all others are compared with.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def question(self) -> str: ...
    @property
    def measures(self) -> tuple[Measure, ...]: ...
    @property
    def baseline(self) -> str: ...

    def activations(self, scale: Scale) -> tuple[str, ...]:
        """Name the activations that are compared."""
        ...

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Give every combination of what the study varies; all have the same keys."""
        ...

    def seeds(self, scale: Scale, settings: Settings) -> range:
        """Give the seeds of the runs: more in the cells that decide."""
        ...

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Say how the learning rate is found; None where there is none to find."""
        ...

    def run(self, cell: Cell, rate: float | None, scale: Scale) -> dict[str, float]:
        """Do one run, on one thread: the same bits every time.

        Returns:
            Numbers by name: all of `measures`, and that of the tuning; NaN where training diverged.
        """
        ...


def canonical(settings: Settings) -> str:
    """Write settings as JSON, always in the same way."""
    return json.dumps(dict(settings), sort_keys=True, separators=(",", ":"), allow_nan=False)
