"""Make studies/results/precision-first-nan.md: what ended the runs of `precision` that diverged.

Usage: python studies/first_nan.py

Each run of PyTorch's Mish that diverged in studies/results/precision.parquet is done again, and
the numbers that its Mish sees are watched: the largest of a step, and the first step after which a
weight is NaN. The same seed with ours is watched beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from mish._support.files import replacing
from mish.study._cells import Settings
from mish.study._frame import settings_columns
from mish.study._studies.precision import STUDY
from mish.study._table import read_table
from mish.study._training import Diverged, alone
from mish.study.activations import get

RESULTS = Path(__file__).resolve().parent / "results"
PAGE = RESULTS / "precision-first-nan.md"
LAYERS = 2  # of the network, that have a Mish each
OVERFLOW = 88.72  # the logarithm of the largest float32

BEGINNING = f"""# What ended the runs of PyTorch's Mish

Made by `python studies/first_nan.py`, of all runs of `mish study precision` that diverged. Shown is
the largest number that a Mish of the network got: in all steps before, and in the step whose
gradients are the first with NaN. eˣ overflows in float32 from x = {OVERFLOW} on, and with it the
derivative of PyTorch's gradient. Last come the same seed's run with ours, the largest number in all
its steps, and what it reads in the end.

| inputs | penalty | seed | step | largest before | largest in it | ours, largest | ours, accuracy |
|---|---|--:|--:|--:|--:|--:|--:|
"""


@dataclass
class Watch:
    """The largest number that reached an activation, step by step, up to the first NaN."""

    largest: list[float] = field(default_factory=list)
    calls: int = 0

    def see(self, numbers: Tensor) -> None:
        """Take what reaches one of the layers; a step has as many calls as there are layers."""
        if numbers.isnan().any():
            raise Diverged
        if self.calls % LAYERS == 0:
            self.largest.append(0.0)
        self.calls += 1
        self.largest[-1] = max(self.largest[-1], float(numbers.detach().max()))


class Watched(nn.Module):
    """An activation that is watched where gradients are asked for."""

    def __init__(self, inner: nn.Module, watch: Watch) -> None:
        super().__init__()
        self.inner = inner
        self.watch = watch

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute the activation."""
        if inputs.requires_grad:  # neither a test of the network nor of the activation's gain
            self.watch.see(inputs)
        outputs: Tensor = self.inner(inputs)
        return outputs


class Run(NamedTuple):
    """A run of the table."""

    settings: Settings
    seed: int
    rate: float


def diverged() -> Iterator[Run]:
    """Give the runs of PyTorch's Mish without a result."""
    table = read_table(RESULTS / "precision.parquet")
    lost = table[table["value"].isna() & (table["measure"] == STUDY.measures[0].name)]
    names = settings_columns(lost)
    for row in lost[lost["activation"] == "torch-mish"].to_dict("records"):
        yield Run({name: row[name] for name in names}, row["seed"], row["rate"])


def watched(name: str, run: Run) -> tuple[list[float], float | None]:
    """Give the largest number of each step up to the first NaN, and the accuracy if any."""
    watch = Watch()
    inner = get(name)
    activation = replace(inner, make=lambda: Watched(inner.make(), watch))
    try:
        with alone(run.seed):
            found = STUDY.trained(activation, run.seed, run.settings, run.rate, "full")
    except Diverged:
        return watch.largest, None
    return watch.largest, found["accuracy"]


def row(run: Run) -> str:
    """Write a row of the page."""
    theirs, nothing = watched("torch-mish", run)
    ours, accuracy = watched("mish", run)
    assert nothing is None and accuracy is not None, run
    cells = [
        str(run.settings["inputs"]),
        "yes" if run.settings["penalty"] else "no",
        str(run.seed),
        str(len(theirs)),
        f"{max(theirs[:-1], default=0.0):.1f}",
        f"{theirs[-1]:.1f}",
        f"{max(ours):.1f}",
        f"{accuracy:.1f} %",
    ]
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Write the page."""
    text = BEGINNING + "".join(row(run) for run in diverged())
    with replacing(PAGE) as file:
        file.write(text.encode())


if __name__ == "__main__":
    main()
