"""Measure what training with Mish keeps in memory, and what it costs to keep less.

Usage: python memory.py [RESULT.md] [--only TEXT]
       (default: results/memory.md in the folder above)

Needs torch and timm (`pip install --no-deps timm`) besides mish; Linux. One thread, some minutes;
--only measures the networks whose names hold TEXT, and the page keeps what it has of others.
Everyone takes turns; see docs/benchmarking.md. curves.py trains networks to the end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from costs import Cost, measure
from models import CASES, Case
from sections import write
from ways import INPUT, PYTORCH, RELU, WAYS

from mish.bench import machine


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column holds names and whose others hold figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_COLUMNS = (
    *("", "kept, MB", "of PyTorch's", "peak, MB", "step, ms", "times as long", "largest", "rms"),
)


def section(case: Case, rounds: int) -> str:
    """The table of a network."""
    facts = machine.summary(machine.facts(["torch", "timm"]))
    found = measure(case, rounds, 0.0)
    whole = found[PYTORCH].kept
    rows = [[name_of(way), *_cells(found[way], whole)] for way in WAYS]
    return f"{rounds} rounds. {facts}\n\n{table(_COLUMNS, rows)}"


def name_of(way: str) -> str:
    """As the page writes it."""
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


BEGINNING = f"""# Memory of training with Mish

Made by `benchmarks/memory/memory.py`, float32, one thread, random weights, noise for data.
[docs/memory.md](../../docs/memory.md) says what is kept and why.

- kept: bytes that autograd keeps between the forward and the backward pass, each memory once,
  without parameters; the input counts.
- peak: by how much a new process grows at the most in its first step, gradients included.
- step: forward, backward, SGD; median of rounds in which all take turns. Times as long as
  `{INPUT}`: median of the ratios within each round, ± half the distance of their
  quartiles.
- errors of the gradient of all parameters as one vector, against the same network in float64: the
  largest over the largest gradient, and the root of the mean squares over that of the gradient.

{RELU} is the network with ReLU instead. checkpoint is `torch.utils.checkpoint` around each Mish,
with the normalisation where network and package have them in one module. `Mish(save=…)` leaves
normalisations to PyTorch. FewBit, which keeps 1 to 4 bits, was not measured: `pip install fewbit`
ends with "No matching distribution found for fewbit". Its way is that of `Mish(save="4bit")`.
"""


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory.md"
    parser = argparse.ArgumentParser(description="Measure the memory of training with Mish.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="the networks whose names hold this")
    options = parser.parse_args()
    if sys.platform != "linux":
        parser.error("the peak of memory is read from Linux's /proc")
    torch.set_num_threads(1)
    for case in CASES.values():
        if options.only in case.name:
            made = {case.name: section(case, options.rounds)}
            write(options.result, BEGINNING, list(CASES), made)


if __name__ == "__main__":
    main()
