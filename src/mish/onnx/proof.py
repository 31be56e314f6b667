"""Decides from its values whether a function is Mish."""

from __future__ import annotations

import numpy as np

from mish.onnx.operators import Array, mish

# Where Mish and its kin differ or break: both tails, the zeros of Mish's derivatives, the usual
# thresholds (20, and 8 for steep variants), the ends of exp in float16 and float32; and a grid
# fine enough for a guard with any threshold that matters. exp(300)² is still finite.
_HARD = (
    *(-300.0, -104.0, -88.8, -60.0, -45.0, -37.0, -30.0, -20.0, -17.0, -16.64, -12.0),
    *(-3.2673378465204046, -2.256376396360793, -1.1924312145154952, -0.0879344313149142),
    *(-1e-3, -1e-8, 0.0, 1e-8, 1e-3, 1.4905711794854284, 2.1148425630208771),
    *(8.0, 11.0, 19.99, 20.01, 44.5, 88.8, 104.0, 300.0),
)
POINTS = np.unique([*_HARD, *np.linspace(-12, 24, 145)])
"""The arguments that a function is judged at."""

_EXACT = mish(POINTS)


def _slope(x: Array) -> Array:
    """The derivative, as e·ω/δ² (ω, δ polynomials in e = exp(x)), good to float64."""
    e = np.exp(np.minimum(x, 40.0))
    omega = 4 * (x + 1) + 4 * e**2 + e**3 + e * (4 * x + 6)
    return np.asarray(e * omega / (2 * e + e**2 + 2) ** 2)


_SINGLE, _DOUBLE = 2.0**-24, 2.0**-46
_REACH = np.abs(_EXACT) + np.abs(POINTS * _slope(POINTS))
# log(1 + exp(x)) keeps nothing of exp(x) that is below the rounding error of 1.
_FLOOR = 4 * np.finfo(np.float64).eps * np.abs(POINTS)


def is_mish(values: Array, *, double: bool) -> bool:
    """Whether a function is Mish to the precision of its element type.

    It is, if at every point its value is Mish's with half a unit of relative error allowed in
    the argument and in the result, the unit being float32's, or for a model in float64 that of
    a number with 46 bits; and with four units of float64 times the argument on top, which is
    what the plainest spelling loses on the far left when it is evaluated in float64.

    Args:
        values: The function at ``POINTS``.
        double: Whether the model computes in float64.
    """
    if values.shape != POINTS.shape or values.dtype.kind != "f":
        return False
    unit = _DOUBLE if double else _SINGLE
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(values - _EXACT) <= unit * _REACH + _FLOOR))
