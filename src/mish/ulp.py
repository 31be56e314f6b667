"""The error of computed values, in units in the last place of the exact value.

The unit (ulp) is the spacing of the format's numbers in the binade [2**k, 2**(k+1)) in which the
EXACT value lies (Goldberg's convention, as in Muller et al., Handbook of Floating-Point
Arithmetic, section 2.3.2). Below the least normal number, zero included, it is the spacing of
the subnormals; beyond the largest number, that of the last binade. So a correctly rounded
result has an error of at most 0.5.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mish._truth.formats import Format, format_of

if TYPE_CHECKING:
    from flint import arb

_TOLERANCE = 2.0**-20  # of an ulp: how well error() knows its own result


def ulp(value: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[np.float64]:
    """Compute the unit in the last place at given values.

    Args:
        value: exact values, or float64 ones near enough; any shape.
        dtype: the format whose spacing is asked for: float16, bfloat16, float32 or float64.

    Returns:
        The unit at each value, positive; NaN where the value is infinite or NaN.

    Raises:
        TypeError: ``dtype`` is not one of the four formats.
    """
    form = format_of(dtype)
    magnitude = np.abs(np.asarray(value, np.float64))
    exponents = np.frexp(magnitude)[1] - form.precision
    unit = np.ldexp(1.0, np.clip(exponents, form.least, form.top - form.precision))
    unit = np.where(magnitude == 0, math.ldexp(1.0, form.least), unit)
    return np.where(np.isfinite(magnitude), unit, np.nan)


def error(computed: npt.ArrayLike, x: npt.ArrayLike, order: int = 0) -> npt.NDArray[np.float64]:
    """Compute how far results are from the exact derivative of Mish.

    The difference is taken in ball arithmetic, so it is right for float64 too. An infinity or
    NaN is right, with error 0, exactly where the correctly rounded result is the same; else
    the error is infinite. The sign of a zero does not count.

    Args:
        computed: results in one of the four formats; its dtype says in which.
        x: the points, each taken as exact; broadcast against ``computed``.
        order: which derivative; 0 is the function itself.

    Returns:
        The absolute errors in ulp, of the broadcast shape, known to 2**-20 ulp. Some 10 µs an
        element.

    Raises:
        ModuleNotFoundError: python-flint is not installed (the ``reference`` extra).
        TypeError, ValueError: an argument is not usable.
    """
    from mish.reference import exact_points

    results = np.asarray(computed)
    form = format_of(results.dtype)
    pair = np.broadcast_arrays(results.astype(np.float64), exact_points(x))
    errors = [
        _error_one(float(one), point, order, form)
        for one, point in zip(*(side.flat for side in pair), strict=True)
    ]
    return np.array(errors, np.float64).reshape(pair[0].shape)


def _error_one(computed: float, point: float | Fraction, order: int, form: Format) -> float:
    from flint import arb

    from mish.reference import decide_at, rounded_one, saturate

    nearest = rounded_one(point, order, form)
    if not (math.isfinite(computed) and math.isfinite(nearest)):
        same = computed == nearest or (math.isnan(computed) and math.isnan(nearest))
        return 0.0 if same else math.inf

    def decide(ball: arb) -> float | None:
        spacing = _spacing(ball.lower(), form)
        if spacing != _spacing(ball.upper(), form):
            return None
        in_ulp = abs(arb(computed) - ball) * arb((1, -spacing))
        return float(in_ulp) if in_ulp.rad() < _TOLERANCE else None

    return decide_at(saturate(point, order), order, decide)


def _spacing(end: arb, form: Format) -> int:
    mantissa, exponent = (int(part) for part in end.man_exp())
    return form.spacing(mantissa.bit_length() + exponent) if mantissa else form.least


def error_against(
    computed: npt.ArrayLike, truth: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Compute how far 16- or 32-bit results are from float64 values of the truth.

    Fast: plain NumPy. A ``truth`` within 1 float64 ulp of the exact value shifts the result by
    at most 2**-29 ulp of float32. Infinities and NaN are treated as ``error`` treats them.

    Args:
        computed: results in float16, bfloat16 or float32; its dtype says in which.
        truth: near-exact values in float64; broadcast against ``computed``.

    Returns:
        The absolute errors in ulp, of the broadcast shape.

    Raises:
        TypeError: ``computed`` is not in one of these formats, or ``truth`` not in float64.
    """
    results = np.asarray(computed)
    if results.dtype == np.float64:
        raise TypeError("computed must be in a 16- or 32-bit format; use mish.ulp.error")
    if np.asarray(truth).dtype != np.float64:
        raise TypeError(f"truth must be float64, not {np.asarray(truth).dtype}")
    form = format_of(results.dtype)
    given, exact = np.broadcast_arrays(results.astype(np.float64), truth)
    with np.errstate(invalid="ignore"):
        errors = np.abs(given - exact) / ulp(exact, results.dtype)
    overflow = math.ldexp(2.0 - 2.0**-form.precision, form.top - 1)
    limit = np.where(np.abs(exact) >= overflow, np.copysign(np.inf, exact), exact)
    special = ~np.isfinite(given) | ~np.isfinite(limit)
    same = (given == limit) | (np.isnan(given) & np.isnan(limit))
    return np.where(special, np.where(same, 0.0, np.inf), errors)
