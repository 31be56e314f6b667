"""Jobs: one run of a study each, to tune or to measure; and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mish.study._cells import Cell, Scale, Stage
from mish.study.activations import Activation


@dataclass(frozen=True)
class Job:
    """One run, and all that its result depends on.

    Attributes:
        study: the name of its study.
        version: the version of that study.
        scale: the scale at which it runs.
        stage: whether it looks for a learning rate or measures.
        activation: a name of `mish.study.activations`.
        seed: what pairs it with others.
        settings: what the study varies besides, as `_cells.canonical` writes it.
        rate: the learning rate; None where the study has its own.
    """

    study: str
    version: int
    scale: Scale
    stage: Stage
    activation: str
    seed: int
    settings: str
    rate: float | None

    @property
    def cell(self) -> Cell:
        """The cell that it runs."""
        return Cell(self.study, self.activation, self.seed, json.loads(self.settings))

    def __str__(self) -> str:
        varied = [f"{name}={value}" for name, value in self.cell.settings.items()]
        rate = [] if self.rate is None else [f"rate {self.rate:g}"]
        return ", ".join([self.study, self.activation, f"seed {self.seed}", *varied, *rate])


@dataclass(frozen=True)
class Task:
    """A job, with what a worker needs besides.

    Attributes:
        job: which.
        module: where its study is.
        activation: its activation if the package does not have it; workers take it from here.
    """

    job: Job
    module: str
    activation: Activation | None = None


@dataclass(frozen=True)
class Finished:
    """A job that was done.

    Attributes:
        job: which.
        results: what `Study.run` gave.
        seconds: how long it took.
        when: when it ended, UTC.
        software: versions by package.
        machine: the processor.
    """

    job: Job
    results: Mapping[str, float]
    seconds: float
    when: str
    software: Mapping[str, str]
    machine: str


@dataclass(frozen=True)
class Failed:
    """A job that raised an error, or whose process ended again and again.

    Attributes:
        job: which.
        error: what happened.
    """

    job: Job
    error: str

    def __str__(self) -> str:
        return f"{self.job}: {self.error}"


Outcome: TypeAlias = Finished | Failed
