"""Train whole networks in each way, several seeds each, and compare the losses.

Usage: python curves.py [RESULT.md] [--only TEXT]
       (default: results/memory-curves.md in the folder above)

Needs torch, timm, mlxtend and matplotlib besides mish. One thread, half an hour; --only trains the
networks whose names hold TEXT, and the page keeps what it has of others. The curves of each go to
a picture beside the page.
"""

from __future__ import annotations

import argparse
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from memory import name_of, table
from sections import write
from trainings import EXACT, MODES, Training, final, losses, trainings

from mish.bench import machine

SEEDS = 5
_QUANTILE = 2.776  # of Student's distribution with four degrees of freedom, for 95 %
_POINTS = 30  # of a curve: means over so many parts, or the noise hides all


@dataclass(frozen=True)
class Interval:
    """A mean and half the width of its interval of 95 %."""

    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.half:.4f}"


def interval(numbers: list[float]) -> Interval:
    """Of the mean of one number for each seed."""
    half = _QUANTILE * statistics.stdev(numbers) / math.sqrt(SEEDS)
    return Interval(statistics.fmean(numbers), half)


def section(training: Training, picture: Path) -> str:
    """The table of a network; its curves go to the picture."""
    found = {mode: [losses(training, mode, seed) for seed in range(SEEDS)] for mode in MODES}
    figure = Figure(figsize=(6, 4), layout="constrained")
    draw(figure.subplots(), training, found)
    figure.savefig(picture, metadata={"Date": None})
    steps = len(found[EXACT][0])
    facts = machine.summary(machine.facts(["torch"]))
    return f"{steps} steps. {facts}\n\n{finals(found)}\n\n![Loss curves]({picture.name})"


def finals(found: dict[str, list[list[float]]]) -> str:
    """The losses at the end, and how far they are from the exact way's with the same seed."""
    exact = [final(curve) for curve in found[EXACT]]
    rows = []
    for mode, each in found.items():
        ends = [final(curve) for curve in each]
        differences = [mine - theirs for mine, theirs in zip(ends, exact, strict=True)]
        apart = "" if mode == EXACT else str(interval(differences))
        rows.append([name_of(mode), str(interval(ends)), apart])
    return table(["", "final loss", "minus the exact way's, seed by seed"], rows)


def draw(axes: Axes, training: Training, found: dict[str, list[list[float]]]) -> None:
    """The mean over the seeds."""
    for mode, each in found.items():
        steps = list(zip(*each, strict=True))
        part = max(1, len(steps) // _POINTS)
        starts = range(0, len(steps), part)
        points = [
            statistics.fmean(value for step in steps[i : i + part] for value in step)
            for i in starts
        ]
        axes.plot(starts, points, label=mode, linewidth=1)
    axes.set(title=training.name, xlabel="step", ylabel="loss", yscale="log")
    axes.legend(fontsize="small")


BEGINNING = f"""# Loss curves with less kept

Made by `benchmarks/memory/curves.py`, float32, one thread. {SEEDS} seeds each, which give weights
and the order of the data; the exact way is `{EXACT}`. The final loss is the mean of the last tenth
of the steps; ± is half an interval of 95 % by Student's distribution. Bits are kept of every Mish
here, though one before a convolution has no need of them.
"""


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory-curves.md"
    parser = argparse.ArgumentParser(description="Compare trainings that keep less.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--scale", type=float, default=1.0, help="of the lengths of trainings")
    parser.add_argument("--only", default="", help="the networks whose names hold this")
    options = parser.parse_args()
    torch.set_num_threads(1)
    every = trainings(options.scale)
    for training in every:
        if options.only in training.name:
            picture = options.result.with_name(f"{options.result.stem}-{training.short}.svg")
            made = {training.name: section(training, picture)}
            write(options.result, BEGINNING, [each.name for each in every], made)


if __name__ == "__main__":
    main()
