"""Mish and its derivatives under JAX at hard points: JAX's own and ours against the truth.

Usage: python benchmarks/jax/derivatives.py [RESULT.md]
       (default: benchmarks/results/jax-derivatives.md)

Every figure comes from repeated `jax.grad` in float32, compiled. Needs jax and the extra
`reference`.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

import mish.jax
from mish import ulp

POINTS = [-np.inf, -3e38, -1e4, -100.0, -92.0, -88.8, -40.0, -20.0, -17.0, -8.0]
POINTS += [-3.2673378, -2.2563764, -1.1924312, -0.08793443, -0.0, 0.0, 1.4905711, 2.1148426]
POINTS += [8.0, 14.0, 14.5, 20.0, 44.0, 88.0, 88.8, 1e4, 3e38, np.inf]
X = np.float32(POINTS)
ORDERS = range(4)
WAYS: dict[str, Callable[[Any], Any]] = {
    "jax.nn.mish": jax.nn.mish,
    "native": functools.partial(mish.jax.mish, kernel="native"),
    "fused": functools.partial(mish.jax.mish, kernel="fused"),
}


def derivative(function: Callable[[Any], Any], order: int) -> np.ndarray:
    for _ in range(order):
        function = jax.grad(function)
    return np.asarray(jax.jit(jax.vmap(function))(X))


def error(value: np.float32, x: np.float32, order: int) -> str:
    if np.isnan(value):
        return "NaN"
    if np.isinf(x):
        return "0" if value == mish.derivative(x, order) else "wrong"
    distance = float(ulp.error(np.array([value]), np.array([x]), order)[0])
    return f"{distance:.2g}" if distance < 1000 else f"{distance:.0e}"


def not_numbers(found: list[np.ndarray]) -> str:
    """For each order and way the points at which the result is NaN."""
    lines = [f"| order | {' | '.join(WAYS)} |", f"|---:|{'---|' * len(WAYS)}"]
    for order in ORDERS:
        own = found[order * len(WAYS) : (order + 1) * len(WAYS)]
        cells = [", ".join(f"{x:.3g}" for x in X[np.isnan(each)]) or "nowhere" for each in own]
        lines.append(f"| {order} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "jax-derivatives.md"
    parser = argparse.ArgumentParser(description="Compare derivatives at hard points.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    arguments = parser.parse_args()
    parts = [
        f"""# Mish and its derivatives under JAX at hard points, float32

Made by `benchmarks/jax/derivatives.py`, JAX {jax.__version__} on the CPU: repeated `jax.grad`,
compiled. Errors in units in the last place (ulp) of the exact value; from 8·10⁶ ulp on no digit is
right. "native" and "fused" are the kernels of `mish.jax.mish`. XLA's programs make zeros of results
below 1.2·10⁻³⁸, which counts as an error here; the native kernel does not."""
    ]
    lines = [f"| x | {' | '.join(f'{way}, order {k}' for k in ORDERS for way in WAYS)} |"]
    lines.append(f"|---:|{'---:|' * len(ORDERS) * len(WAYS)}")
    found = [derivative(function, order) for order in ORDERS for function in WAYS.values()]
    columns = [order for order in ORDERS for _ in WAYS]
    for i, x in enumerate(X):
        cells = [error(each[i], x, order) for each, order in zip(found, columns, strict=True)]
        lines.append(f"| {x:.9g} | {' | '.join(cells)} |")
    parts += ["## Where numbers give NaN", not_numbers(found), "## Errors", "\n".join(lines)]
    text = "\n\n".join(parts) + "\n"
    print(text)
    arguments.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
