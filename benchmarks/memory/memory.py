"""Measure what training with Mish keeps in memory, and what it costs to keep less.

Usage: python memory.py [RESULT.md]    (default: results/memory.md in the folder above)

Needs torch, timm (`pip install --no-deps timm`), mlxtend and matplotlib besides mish; Linux. One
thread, half an hour. Everyone takes turns; see docs/benchmarking.md. The curves go to
memory-curves.svg beside the page.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from costs import Cost, measure
from curves import EXACT, MODES, Training, final, interval, losses, trainings
from matplotlib.figure import Figure
from models import CASES
from ways import INPUT, PYTORCH, RELU, WAYS

from mish.bench import machine

SEEDS = 5


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column holds names and whose others hold figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def costs(rounds: int) -> str:
    """A table for each network."""
    head = [
        "",
        "kept, MB",
        "of PyTorch's",
        "peak, MB",
        "step, ms",
        "times as long",
        "largest",
        "rms",
    ]
    parts = []
    for case in CASES.values():
        found = measure(case, rounds, 0.0)
        whole = found[PYTORCH].kept
        rows = [[_name(way), *_cells(found[way], whole)] for way in WAYS]
        parts.append(f"### {case.name}\n\n{table(head, rows)}\n")
        print(parts[-1], flush=True)
    return "\n".join(parts)


def _name(way: str) -> str:
    return f"`{way}`" if "(" in way else way


def _cells(cost: Cost, whole: int) -> list[str]:
    return [
        f"{cost.kept / 1e6:.1f}",
        f"{cost.kept / whole:.2f}",
        f"{cost.peak / 1e6:.0f}",
        f"{cost.seconds * 1e3:.4g}",
        f"{cost.ratio.median:.3f} ± {cost.ratio.spread:.3f}",
        f"{cost.largest:.1e}",
        f"{cost.rms:.1e}",
    ]


def curves(scale: float, picture: Path) -> str:
    """A table for each network, and the picture of all."""
    every = trainings(scale)
    figure = Figure(figsize=(5.5 * len(every), 4), layout="constrained")
    parts = []
    for training, axes in zip(every, figure.subplots(1, len(every), squeeze=False)[0], strict=True):
        found = {mode: [losses(training, mode, seed) for seed in range(SEEDS)] for mode in MODES}
        parts.append(f"### {training.name}\n\n{_finals(found)}\n")
        print(parts[-1], flush=True)
        _draw(axes, training, found)
    figure.savefig(picture)
    return "\n".join(parts)


def _finals(found: dict[str, list[list[float]]]) -> str:
    exact = [final(curve) for curve in found[EXACT]]
    rows = []
    for mode, each in found.items():
        ends = [final(curve) for curve in each]
        differences = [mine - theirs for mine, theirs in zip(ends, exact, strict=True)]
        apart = "" if mode == EXACT else str(interval(differences))
        rows.append([_name(mode), str(interval(ends)), apart])
    return table(["", "final loss", "minus the exact one's, seed by seed"], rows)


def _draw(axes: object, training: Training, found: dict[str, list[list[float]]]) -> None:
    for mode, each in found.items():
        steps = list(zip(*each, strict=True))
        part = max(1, len(steps) // 30)  # means over so many steps, or the noise hides all
        points = [
            statistics.fmean(value for step in steps[i : i + part] for value in step)
            for i in range(0, len(steps), part)
        ]
        axes.plot(range(0, len(steps), part), points, label=mode, linewidth=1)  # type: ignore[attr-defined]
    axes.set(title=training.name, xlabel="step", ylabel="loss", yscale="log")  # type: ignore[attr-defined]
    axes.legend(fontsize="small")  # type: ignore[attr-defined]


def page(rounds: int, scale: float, picture: Path) -> str:
    """The whole page."""
    facts = machine.summary(machine.facts(["torch", "timm"]))
    return f"""# Memory of training with Mish

Made by `benchmarks/memory/memory.py`, float32, one thread, random weights, noise for data.
[docs/memory.md](../../docs/memory.md) says what is kept and why.

{facts}

## Costs

- kept: bytes that autograd keeps between the forward and the backward pass, each memory once,
  without parameters; the input counts.
- peak: by how much a new process grows at the most in its first step, gradients included.
- step: forward, backward, SGD; median of {rounds} rounds in which all take turns. Times as long as
  `{INPUT}`: median of the ratios within each round, ± half the distance of their
  quartiles.
- errors of the gradient of all parameters as one vector, against the same network in float64: the
  largest over the largest gradient, and the root of the mean squares over that of the gradient.

{RELU} is the network with ReLU instead. checkpoint is `torch.utils.checkpoint` around each Mish,
with the normalisation where network and package have them in one module. `Mish(save=…)` leaves
normalisations to PyTorch. FewBit, which keeps 1 to 4 bits, is on no package index and was not
measured; its way is that of `Mish(save="4bit")`.

{costs(rounds)}
## Loss curves

{SEEDS} seeds each, which give weights and the order of the data; the exact way is `{EXACT}`. The
final loss is the mean of the last tenth of the steps; ± is half an interval of 95 % by Student's
distribution. Bits are kept of every Mish here, though one before a convolution has no need of them.

{curves(scale, picture)}
![Loss curves]({picture.name})
"""


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory.md"
    parser = argparse.ArgumentParser(description="Measure the memory of training with Mish.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="of the lengths of trainings")
    options = parser.parse_args()
    if sys.platform != "linux":
        parser.error("the peak of memory is read from Linux's /proc")
    torch.set_num_threads(1)
    text = page(options.rounds, options.scale, options.result.with_name("memory-curves.svg"))
    options.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
