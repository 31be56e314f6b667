"""Time layers fused with Mish against the two calls that they stand for, on the CPU.

Usage: python benchmarks/torch/fused.py [RESULT.md]    (default: benchmarks/results/torch-fused.md)

Needs torch besides mish. Everyone takes turns; see docs/benchmarking.md.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from speed import plain, table
from torch import Tensor

import mish.torch
from mish.bench import machine, timing
from mish.torch.functional import batch_norm_mish, bias_mish, group_norm_mish

Layer = Callable[[Tensor], Tensor]
SHAPES = {
    "GroupNorm, diffusion policy": (64, 512, 64),
    "GroupNorm, Matcha-TTS": (8, 256, 400),
    "BatchNorm, YOLOv4": (1, 64, 208, 208),
    "bias, YOLOv4": (1, 256, 52, 52),
}


def layers(name: str, channels: int) -> tuple[Layer, Callable[[Layer], Layer]]:
    """The fused layer, and what makes an unfused one of an activation."""
    weight, bias, mean = torch.randn(3, channels)
    var = torch.rand(channels) + 0.5
    if name.startswith("GroupNorm"):
        return (
            lambda x: group_norm_mish(x, 8, weight, bias),
            lambda act: lambda x: act(F.group_norm(x, 8, weight, bias)),
        )
    if name.startswith("BatchNorm"):
        return (
            lambda x: batch_norm_mish(x, mean, var, weight, bias),
            lambda act: lambda x: act(F.batch_norm(x, mean, var, weight, bias)),
        )
    column = bias.view(-1, 1, 1)
    return lambda x: bias_mish(x, bias), lambda act: lambda x: act(x + column)


def training(layer: Layer, x: Tensor) -> Callable[[], object]:
    leaf, dy = x.clone().requires_grad_(), torch.randn_like(x)
    return lambda: torch.autograd.grad(layer(leaf), leaf, dy)


def rows(rounds: int) -> list[list[str]]:
    found = []
    for name, shape in SHAPES.items():
        fused, unfused = layers(name, shape[1])
        contenders = {
            "fused": fused,
            "PyTorch": unfused(F.mish),
            "mish.torch.mish": unfused(mish.torch.mish),
        }
        x = torch.randn(shape)
        for what in ("forward", "forward and backward"):
            make = training if "backward" in what else functools.partial
            laps = {who: plain(make(layer, x)) for who, layer in contenders.items()}
            times = timing.alternate(laps, rounds, seconds=60)
            cells = [name, "×".join(map(str, shape)), what]
            cells.append(f"{times['fused'].median * 1e9 / x.numel():.3g}")
            for who in ("PyTorch", "mish.torch.mish"):
                ratio = times[who].ratio_to(times["fused"])
                cells.append(f"{ratio.median:.2f} ± {ratio.spread:.2f}")
            found.append(cells)
    return found


def page(rounds: int) -> str:
    head = ["layer", "shape", "", "fused, ns an element", "PyTorch", "mish.torch.mish"]
    facts = machine.summary(machine.facts(["torch"]))
    return f"""# Layers fused with Mish

Made by `benchmarks/torch/fused.py`, float32, one thread. Medians of {rounds} rounds in which all
take turns. The last two columns are how many times longer the unfused pair takes, with PyTorch's
Mish and with ours; ± is half the distance between the quartiles of the ratios.

{facts}

{table(head, rows(rounds))}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Time layers fused with Mish.")
    default = Path(__file__).resolve().parents[1] / "results" / "torch-fused.md"
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    torch.set_num_threads(1)
    text = page(options.rounds)
    options.result.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
