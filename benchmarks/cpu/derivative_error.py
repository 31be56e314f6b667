"""Measure the error of ``mish.derivative`` beyond the native orders, in float64.

Run it as ``python benchmarks/cpu/derivative_error.py``; it prints the table of docs/derivatives.md.
``--points`` sets how many points of each kind an order gets, ``--orders`` which orders.

Errors are in ulp of the exact value, next to a zero of the derivative too, and come from
certified enclosures. Where the exact value is subnormal, the unit is the spacing of the
subnormals; results that are subnormal or zero are kept out of the other columns.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

import mish
import mish.ulp

TINY = np.finfo(np.float64).tiny


def zeros(order):
    """Find the zeros of a derivative: bracket each one between points of a grid, then bisect."""
    grid = np.linspace(-order - 5, order / 2 + 5, 3001)
    signs = np.signbit(mish.derivative(grid, order))
    at = np.flatnonzero(signs[1:] != signs[:-1])
    low, high = grid[at], grid[at + 1]
    for _ in range(60):
        middle = (low + high) / 2
        before = np.signbit(mish.derivative(middle, order)) == signs[at]
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return high


def near(places, count, rng):
    """Choose points next to places: half of them a few ulp away, half ever farther."""
    chosen = rng.choice(places, count)
    few = np.spacing(chosen) * rng.integers(-4, 5, count)
    far = chosen * 2.0 ** rng.uniform(-50, -3, count) * rng.choice([-1, 1], count)
    return chosen + np.where(rng.random(count) < 0.5, few, far)


def underflowing(order, count, rng):
    """Choose points where x·eˣ on the left, or 2ᵏ·2x·e⁻²ˣ on the right, is about subnormal."""
    depth = rng.uniform(700, 760, count)
    return np.where(rng.random(count) < 0.5, -depth, (depth + order * math.log(2)) / 2)


def points(order, count, rng):
    left, right = -order - 5.0, order / 2 + 5
    return {
        "between the tails": rng.uniform(left, right, count),
        "near zeros": near(zeros(order), count, rng),
        "near 0": rng.choice([-1, 1], count) * 2.0 ** rng.uniform(-1074, 0, count),
        "left tail": rng.uniform(-700, left, count),
        "right tail": rng.uniform(right, 350, count),
        "underflow": underflowing(order, count, rng),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=20_000, help="points of each kind")
    parser.add_argument("--orders", type=int, nargs="+", default=[*range(4, 13), 20, 40])
    arguments = parser.parse_args()
    rng = np.random.default_rng(2026)
    kinds = list(points(4, 1, rng))
    print(f"| order | {' | '.join(kinds)} | subnormal results | all normal results | worst x |")
    print("|---:" * (len(kinds) + 4) + "|")
    for order in arguments.orders:
        row, worst, subnormal = [], (0.0, 0.0), 0.0
        for x in points(order, arguments.points, rng).values():
            computed = mish.derivative(x, order)
            errors = mish.ulp.error(computed, x, order)
            normal = np.abs(computed) >= TINY
            at = np.argmax(np.where(normal, errors, -1))
            row.append(f"{errors[at]:.3f}")
            worst = max(worst, (float(errors[at]), float(x[at])))
            subnormal = max(subnormal, errors[~normal].max(initial=0))
        row += [f"{subnormal:.3f}", f"{worst[0]:.3f}", str(worst[1])]
        print(f"| {order} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
