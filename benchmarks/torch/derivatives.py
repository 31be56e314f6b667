"""Derivatives under PyTorch at hard points: PyTorch's own and ours against the certified truth.

Usage: python benchmarks/torch/derivatives.py [RESULT.md]
       (default: benchmarks/results/torch-derivatives.md)

Every figure comes from repeated `torch.autograd.grad` through the same F.mish, in float32: first as
PyTorch has it, then inside of `mish.torch.accelerate()`. Errors are in units in the last place of
the exact value. Needs torch and the extra `reference`.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import mish.torch
from mish import reference, ulp

POINTS = [-1e4, -103.0, -100.0, -92.0, -88.8, -40.0, -20.0, -17.0, -8.0]
POINTS += [-3.2673378, -2.2563764, -1.1924312, -0.08793443, -0.0, 0.0, 1.4905711, 2.1148426]
POINTS += [8.0, 10.0, 20.0, 44.0, 88.0, 88.8, 1e4]
ORDERS = (1, 2, 3)


def derivatives() -> list[np.ndarray]:
    x = torch.tensor(POINTS, requires_grad=True)
    found, y = [], F.mish(x)
    for _ in ORDERS:
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        found.append(y.detach().numpy())
    return found


def error(value: np.float32, x: np.float32, order: int) -> str:
    if np.isnan(value):
        return "NaN"
    distance = float(ulp.error(np.array([value]), np.array([x]), order)[0])
    return f"{distance:.2f}" if distance < 1000 else f"{distance:.0e}"


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "torch-derivatives.md"
    parser = argparse.ArgumentParser(description="Compare derivatives at hard points.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    arguments = parser.parse_args()
    theirs = derivatives()
    with mish.torch.accelerate():
        ours = derivatives()
    parts = [
        f"""# Derivatives under PyTorch at hard points, float32

Made by `benchmarks/torch/derivatives.py`, PyTorch {torch.__version__}: repeated
`torch.autograd.grad` through `F.mish`, as it is and inside of `mish.torch.accelerate()`. Errors in
units in the last place (ulp) of the exact value; from 8·10⁶ ulp on no digit is right."""
    ]
    for order, their, our in zip(ORDERS, theirs, ours, strict=True):
        parts.append(f"## Order {order}")
        lines = ["| x | exact | PyTorch | its error | accelerated | its error |"]
        lines.append("|---:|---:|---:|---:|---:|---:|")
        for x, a, b in zip(np.float32(POINTS), their, our, strict=True):
            exact = reference.value(float(x), order, digits=9)
            shown = f"{exact:.8e}" if math.isfinite(float(x)) else ""
            lines.append(
                f"| {x:.9g} | {shown} | {a:.8e} | {error(a, x, order)} "
                f"| {b:.8e} | {error(b, x, order)} |"
            )
        parts.append("\n".join(lines))
    text = "\n\n".join(parts) + "\n"
    print(text)
    arguments.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
