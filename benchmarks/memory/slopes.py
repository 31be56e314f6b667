"""How far slopes are from mish′ where training keeps something smaller than the input.

Usage: python benchmarks/memory/slopes.py [RESULT.md]
       (default: benchmarks/results/memory-slopes.md)

All numbers of the 16-bit formats; of float32 every one within 0.02 of the minimum and two million
others from −30 to 30. Slopes are compared with those of `mish.derivative` in float64, before they
are rounded to the dtype of the gradient. Needs torch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import mish.torch

X0 = -1.1924312145154952
FORMATS = (torch.float32, torch.float16, torch.bfloat16)
SAMPLES = 4_000_000

ops = torch.ops.mish


def numbers(dtype: torch.dtype) -> Tensor:
    if dtype != torch.float32:
        x = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
        return x[x.isfinite()]
    ends = torch.tensor([X0 - 0.02, X0 + 0.02]).view(torch.int32).tolist()
    near = torch.arange(min(ends), max(ends), dtype=torch.int32).view(torch.float32)
    return torch.cat([near, torch.linspace(-30, 30, 1_000_001), torch.linspace(-4, 4, 1_000_001)])


def errors(x: Tensor, y: Tensor) -> Tensor:
    """Of the slopes from these outputs, on the sides of ``x``."""
    wide = y.to(torch.float32)
    slopes = ops.sided_backward(torch.ones_like(wide), wide, ops.sides(x.to(torch.float32)))
    return _errors(slopes, x)


def _errors(slopes: Tensor, x: Tensor) -> Tensor:
    exact = torch.from_numpy(np.asarray(mish.derivative(x.to(torch.float64).numpy(), 1)))
    return (slopes.to(torch.float64) - exact).abs()


def rms(error: Tensor) -> float:
    return float(error.square().mean().sqrt())


def from_outputs() -> str:
    lines = [
        "| kept | format | largest | beyond 0.1 from the minimum | beyond 0.25 "
        "| rms under N(0, 1) |",
        "|---|---|---:|---:|---:|---:|",
    ]
    torch.manual_seed(0)
    normal = torch.randn(SAMPLES)
    for name, function in (("output+bit", ops.mish), ("output", ops.marked)):
        for dtype in FORMATS:
            x, sample = numbers(dtype), normal.to(dtype)
            error = errors(x, function(x))
            distance = (x.to(torch.float64) - X0).abs()
            cells = [error.max(), error[distance > 0.1].max(), error[distance > 0.25].max()]
            cells.append(rms(errors(sample, function(sample))))
            figures = " | ".join(f"{float(cell):.1e}" for cell in cells)
            lines.append(f"| `{name}` | {_name(dtype)} | {figures} |")
    return "\n".join(lines)


def from_codes() -> str:
    lines = ["| kept | rms under N(0, 1) | under N(0, 3) | largest |", "|---|---:|---:|---:|"]
    x = torch.linspace(-40, 40, 4_000_001, dtype=torch.float64)
    for bits in (1, 2, 3, 4):
        error = _errors(ops.coded_backward(torch.ones_like(x), ops.codes(x, bits), bits), x)
        weights = [torch.exp(-((x / sigma) ** 2) / 2) for sigma in (1, 3)]
        means = [float(((w * error**2).sum() / w.sum()).sqrt()) for w in weights]
        lines.append(
            f"| `{bits}bit` | {means[0]:.4f} | {means[1]:.4f} | {float(error.max()):.3f} |"
        )
    return "\n".join(lines)


def marked() -> str:
    """How far outputs are from Mish with and without the side in the last bit."""
    lines = [
        "| format | largest error, ulp: usual | marked | marked, where x > −4 "
        "| of the negative ones beyond 1 ulp |",
        "|---|---:|---:|---:|---:|",
    ]
    for dtype in FORMATS:
        x = numbers(dtype)
        x = x[(x < 0) & (x > -30)]
        usual, side = _ulps(ops.mish(x), x), _ulps(ops.marked(x), x)
        largest = [float(v.max()) for v in (usual, side, side[x > -4])]
        beyond = float((side > 1 + 2**-13).double().mean())
        figures = " | ".join(f"{v:.2f}" for v in largest)
        lines.append(f"| {_name(dtype)} | {figures} | {beyond:.1%} |")
    return "\n".join(lines)


def _ulps(y: Tensor, x: Tensor) -> Tensor:
    """Errors of outputs in units of the last place of the exact value."""
    exact = torch.from_numpy(np.asarray(mish.mish(x.to(torch.float64).numpy())))
    info = torch.finfo(y.dtype)
    _, exponent = torch.frexp(exact.abs().clamp(min=info.smallest_normal))
    return (y.to(torch.float64) - exact).abs() / (info.eps / 2 * 2.0 ** exponent.to(torch.float64))


def whole_inputs() -> str:
    """How many bits of x besides the marked output tell x from all that have the same."""
    lines = ["| format | bits besides | of a map |", "|---|---:|---:|"]
    for dtype in FORMATS:
        y = ops.marked(numbers(dtype).unique())
        there = y.abs() >= torch.finfo(dtype).smallest_normal
        _, counts = y[there].unique(return_counts=True)
        bits = int(counts.max() - 1).bit_length()
        lines.append(f"| {_name(dtype)} | {bits} | {bits / (8 * dtype.itemsize):.0%} |")
    return "\n".join(lines)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory-slopes.md"
    parser = argparse.ArgumentParser(description="Measure slopes from what training keeps.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    arguments = parser.parse_args()
    text = f"""# Slopes from what training keeps

Made by `benchmarks/memory/slopes.py`: errors of mish′, which is up to 1.09. All numbers of the
16-bit formats; of float32 each within 0.02 of the minimum at −1.1924 and two million others.

{from_outputs()}

{from_codes()}

## Marked outputs

Errors of negative outputs right of −30, in units of the last place of the exact value. Numbers
with the wanted last bit are 2 ulp apart. So the nearest is 1 ulp away at the most from what the
kernel knows before it rounds, and what is above 1 is the kernel's own error.

{marked()}

## What gives the whole input back

Bits that tell x from all others with the same marked output, but for outputs that are subnormal
numbers of the format, where more is lost.

{whole_inputs()}
"""
    print(text)
    arguments.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
