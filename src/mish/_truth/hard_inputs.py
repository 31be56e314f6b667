"""Inputs at which an implementation of Mish goes wrong, if anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mish._truth.formats import as_dtype, format_of

# The zeros of the derivatives of order 1, 2 and 3.
ZEROS = {
    0: (),
    1: (-1.192431214515495212,),
    2: (-2.256376396360793118, 1.490571179485428460),
    3: (-3.267337846520404574, -0.087934431314914212, 2.114842563020877061),
}
# Where a formula or a format begins to behave differently: edges of the tables, saturation of T,
# underflow and overflow of exp(x), of exp(2x), of results, in each format; least normal and
# subnormal.
MARKS = (
    *(0.03125, 0.25, 0.5, 1, 7, 7.125, 7.25, 7.5, 8, 8.75, 8.875, 9, 9.01, 9.7, 11.3, 13, 17, 18),
    *(17.5 / 1.67, 14.5 / 1.67, 13.5 / 1.74, 18.5 / 1.74, 7.5 / 0.85, 19.5 / 2.6837, 17.5 / 1.9),
    *(14.5 / 1.9, 7.5 / 2.6837, 3.5 / 0.85),
    *(19.06, 20, 37, 44.4, 52, 54, 88.73, 87.34, 91.9, 103.97, 104, 108, 372.5, 400, 708.4, 709.8),
    *(745.13, 752, 800, 1e4, 65504, 3e38, 1e308, 2.0**-14, 2.0**-24, 2.0**-126, 2.0**-1022),
)

# The same for float64 alone: the ends of its tables (orders 0 to 3, rows of native/tables.h); where
# results become subnormal and vanish; where the tails are cut off.
FLOAT64_THRESHOLDS = (
    *(-451.5 / 30, 572.5 / 30, -256.5 / 15.934, 255.5 / 15.934, -256.5 / 16.8135, 255.5 / 16.8135),
    *(-256.5 / 15.2, 255.5 / 15.2, -708.3964, -714.97, -745.1332, -751.74, -800.0),
    *(354.2, 372.57, 375.9, 400.0, 709.7827, 2.2250738585072014e-308),
)


def near(center: float, dtype: npt.DTypeLike, steps: int) -> npt.NDArray[Any]:
    """The numbers of a format within some steps of a nonzero centre."""
    form = as_dtype(dtype)
    unsigned = np.dtype(f"u{form.itemsize}")
    with np.errstate(over="ignore"):
        start = np.array(center).astype(form)
    numbers = start.view(unsigned).astype(np.int64) + np.arange(-steps, steps + 1)
    found = numbers.astype(unsigned).view(form)
    finite: npt.NDArray[Any] = found[np.isfinite(found)]
    return finite


def random_bits(dtype: npt.DTypeLike, count: int, seed: int) -> npt.NDArray[Any]:
    """Finite numbers of all magnitudes."""
    form = as_dtype(dtype)
    found = np.frombuffer(np.random.default_rng(seed).bytes(count * form.itemsize), form)
    with np.errstate(invalid="ignore"):  # ml_dtypes warns of signalling NaNs
        finite: npt.NDArray[Any] = found[np.isfinite(found)]
    return finite


def hard(dtype: npt.DTypeLike, order: int, seed: int = 0) -> npt.NDArray[Any]:
    """Tails, thresholds, zeros, the middle, and random bit patterns; all finite.

    Args:
        dtype: the format: float16, bfloat16, float32 or float64.
        order: of the derivative, from 0 to 3, beside whose zeros points are to lie.
        seed: of the random ones.
    """
    rng = np.random.default_rng(seed)
    form = as_dtype(dtype)
    largest = 2.0 ** (format_of(form).top - 1)
    parts = [random_bits(form, 4000, seed)]
    for mark in MARKS:
        if mark <= largest:
            parts += [near(mark, form, 24), near(-mark, form, 24)]
    for zero in ZEROS[order]:
        parts.append(near(zero, form, 200))
        distance = np.geomspace(1e-16, 0.5, 700)
        parts += [(zero + distance).astype(form), (zero - distance).astype(form)]
    parts.append(rng.uniform(-12, 12, 4000).astype(form))
    parts.append(np.geomspace(7, min(largest, 1000.0), 1500).astype(form))
    parts.append(-parts[-1])
    return np.concatenate(parts)
