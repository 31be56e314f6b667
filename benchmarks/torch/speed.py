"""Time Mish under PyTorch: eager and compiled, small calls and large arrays, on one thread.

Usage: python benchmarks/torch/speed.py [RESULT.md]    (default: benchmarks/results/torch-speed.md)

Needs torch besides mish. Everyone takes turns; see docs/benchmarking.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F

import mish.torch
from mish.bench import machine, timing

Call = Callable[[], object]

SIZE = 1 << 20
SIZES = (1, 16, 256, 1024, 4096, 16384, 65536, 262144, SIZE)
THEIRS, OURS = "PyTorch", "accelerated"


def accelerated(call: Call) -> timing.Lap:
    """A lap inside of `accelerate`, whose own cost is not timed."""

    def lap(repeat: int) -> float:
        with mish.torch.accelerate():
            return timing.lap(call, repeat)

    return lap


def plain(call: Call) -> timing.Lap:
    return lambda repeat: timing.lap(call, repeat)


def in_turn(laps: Mapping[str, timing.Lap], rounds: int) -> dict[str, timing.Timing]:
    return timing.alternate(laps, rounds, seconds=60)


def backward(x: torch.Tensor) -> Call:
    dy = torch.randn_like(x)
    return lambda: torch.ops.aten.mish_backward(dy, x)


def training(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> Call:
    """Forward and backward through autograd's engine."""
    leaf = x.clone().requires_grad_()
    dy = torch.randn_like(x)
    return lambda: torch.autograd.grad(function(leaf), leaf, dy)


def row(label: str, found: Mapping[str, timing.Timing], scale: float) -> list[str]:
    theirs = found[THEIRS]
    cells = [label, f"{theirs.median * scale:.3g}"]
    for name in (name for name in found if name != THEIRS):
        ratio = theirs.ratio_to(found[name])
        cells += [
            f"{found[name].median * scale:.3g}",
            f"{ratio.median:.2f} ± {ratio.spread:.2f}",
        ]
    return cells


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def large(rounds: int) -> str:
    rows = []
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        x = torch.randn(SIZE).to(dtype)
        out = torch.empty_like(x)
        calls: dict[str, Call] = {
            "forward": lambda x=x: F.mish(x),
            "forward into `out`": lambda x=x, out=out: torch.ops.aten.mish.out(x, out=out),
            "backward": backward(x),
        }
        for name, call in calls.items():
            found = in_turn({THEIRS: plain(call), OURS: accelerated(call)}, rounds)
            rows.append(row(f"{name}, {str(dtype)[6:]}", found, 1e9 / SIZE))
    return table(["ns an element", THEIRS, OURS, "times faster"], rows)


def by_size(rounds: int) -> str:
    rows = []
    for size in SIZES:
        x = torch.randn(size)
        leaf = x.clone().requires_grad_()
        kinds = {
            "forward": (lambda x=x: F.mish(x), lambda x=x: mish.torch.mish(x)),
            "forward, recorded": (
                lambda leaf=leaf: F.mish(leaf),
                lambda leaf=leaf: mish.torch.mish(leaf),
            ),
            "backward": (backward(x), None),
            "both, by autograd": (training(F.mish, x), training(mish.torch.mish, x)),
        }
        for name, (call, own) in kinds.items():
            laps = {THEIRS: plain(call), OURS: accelerated(call)}
            if own is not None:
                laps["mish.torch.mish"] = plain(own)
            cells = row(f"{name}, {size:,}", in_turn(laps, rounds), 1e6)
            rows.append(cells + [""] * (6 - len(cells)))
    return table(
        ["µs a call", THEIRS, OURS, "times faster", "mish.torch.mish", "times faster"], rows
    )


def compiled(rounds: int) -> str:
    x = torch.randn(SIZE)
    theirs = torch.compile(F.mish, fullgraph=True)
    theirs(x)
    with mish.torch.accelerate():
        accelerated_mish = torch.compile(torch.nn.Mish(), fullgraph=True)
        accelerated_mish(x)
    ours = torch.compile(mish.torch.mish, fullgraph=True)
    fused = {
        THEIRS: torch.compile(lambda x: F.mish(x * 2 + 1) * x, fullgraph=True),
        "mish.torch.mish": torch.compile(lambda x: mish.torch.mish(x * 2 + 1) * x, fullgraph=True),
    }
    forward = in_turn(
        {
            THEIRS: plain(lambda: theirs(x)),
            OURS: plain(lambda: accelerated_mish(x)),
            "mish.torch.mish": plain(lambda: ours(x)),
        },
        rounds,
    )
    neighbours = in_turn({name: plain(lambda f=f: f(x)) for name, f in fused.items()}, rounds)
    both = in_turn(
        {THEIRS: plain(training(theirs, x)), "mish.torch.mish": plain(training(ours, x))}, rounds
    )
    rows = [row("forward", forward, 1e9 / SIZE)]
    for label, found in (("x·mish(2x + 1)", neighbours), ("forward and backward", both)):
        cells = row(label, found, 1e9 / SIZE)
        rows.append([*cells[:2], "", "", *cells[2:]])
    return table(
        ["ns an element", THEIRS, OURS, "times faster", "mish.torch.mish", "times faster"], rows
    )


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "torch-speed.md"
    parser = argparse.ArgumentParser(description="Time Mish under PyTorch.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--rounds", type=int, default=31)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    facts = machine.summary(machine.facts(["torch"]))
    rounds = arguments.rounds
    text = f"""# Mish under PyTorch

Made by `benchmarks/torch/speed.py`, one thread, standard normal input. Medians of {rounds} rounds
in which all take turns; a ratio is the median of the ratios within each round, ± half the distance
between its quartiles. "accelerated" is the same call inside of `mish.torch.accelerate()`.

{facts}

## Eager, 2^20 elements

{large(rounds)}

## Eager, float32, by number of elements

"Recorded" means that the input requires grad. "Both, by autograd" is `torch.autograd.grad` of one
call, most of which is the engine's own time.

{by_size(rounds)}

## Compiled, float32, 2^20 elements

{compiled(rounds)}
"""
    print(text)
    arguments.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
