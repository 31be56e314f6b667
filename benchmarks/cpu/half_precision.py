"""Errors of formulas for Mish in float16 arithmetic, over every input, against mish's kernel.

    python benchmarks/cpu/half_precision.py

The kernel is correctly rounded. Each formula is computed in NumPy with every step rounded to
float16, as a framework does that keeps intermediate results in that format; the last line is a
formula in float32 with one rounding to float16 at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import mish
from mish.ulp import error_against

Array = npt.NDArray[Any]


def textbook(x: Array) -> Array:
    one = x.dtype.type(1)
    return x * np.tanh(np.log(one + np.exp(x)))


def log1p(x: Array) -> Array:
    return x * np.tanh(np.log1p(np.exp(x)))


def one_exponential(x: Array) -> Array:
    e = np.exp(x)
    n = e * (e + x.dtype.type(2))
    return x * n / (n + x.dtype.type(2))


def sigmoid(x: Array) -> Array:
    one = x.dtype.type(1)
    s = one / (one + np.exp(-x))
    t = s * (x.dtype.type(2) - s)
    return x * t / (x.dtype.type(2) - t)


FORMULAS: dict[str, Callable[[Array], Array]] = {
    "x·tanh(log(1 + exp(x)))": textbook,
    "x·tanh(log1p(exp(x)))": log1p,
    "x·n/(n + 2), n = e(e + 2)": one_exponential,
    "x·t/(2 − t), t = s(2 − s), s = sigmoid(x)": sigmoid,
}


def main() -> None:
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x)]
    truth = mish.mish(x.astype(np.float64))
    print("| formula | largest error, ulp | share above 1 ulp | NaN |")
    print("|---|---|---|---|")
    cases = {f"{name}, all in float16": (each, np.float16) for name, each in FORMULAS.items()}
    cases["the last one in float32, rounded once"] = (sigmoid, np.float32)
    for name, (formula, dtype) in cases.items():
        with np.errstate(all="ignore"):
            got = formula(x.astype(dtype)).astype(np.float16)
        bad = np.isnan(got)
        errors = error_against(got[~bad], truth[~bad])
        print(f"| {name} | {errors.max():.4g} | {(errors > 1).mean():.1%} | {bad.sum()} |")


if __name__ == "__main__":
    main()
