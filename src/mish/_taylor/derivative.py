"""Derivatives of Mish of high orders over arrays."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from mish._numpy import native, refusal
from mish._taylor.expansions import Floats, two_product, two_sum
from mish._taylor.tables import Tail, core, exponential, tails
from mish._truth.formats import format_of

if TYPE_CHECKING:
    import numpy.typing as npt

_NATIVE = (native.mish, native.mish_d1, native.mish_d2, native.mish_d3)
# Right above its poles nearest the real axis, at ln √2 ± 3πi/4, the k-th derivative is as large as
# about k!/(3π/4)ᵏ⁺¹ times a number near 1; that passes the largest float64 between 203 and 204.
_HIGHEST_ORDER = 203
_BLOCK = 1 << 14  # elements at a time: what lies between two steps stays in the cache


def derivative(x: npt.ArrayLike, order: int = 1) -> Any:
    """Compute a derivative of Mish of any order up to 203, element by element.

    Orders 0 to 3 are the ufuncs ``mish``, ``mish_d1``, ``mish_d2`` and ``mish_d3``. Beyond them,
    values come in float64 from Taylor expansions about many centres, each zero of the derivative
    among them, and from series in eˣ and e⁻ˣ farther out; docs/derivatives.md derives both.

    The error in float64, in ulp of the exact value, was never seen above 0.6 at orders 4 to 12,
    in the tails and next to the zeros of the derivative as elsewhere; tests hold it to 0.65. The
    largest found among 120,000 points an order (benchmarks/cpu/derivative_error.py):

    =====  =====  =====  =====  =====  =====  =====  =====  =====  =====
    order      4      5      6      7      8      9     10     11     12
    ulp    0.537  0.526  0.553  0.540  0.558  0.548  0.559  0.595  0.572
    =====  =====  =====  =====  =====  =====  =====  =====  =====  =====

    It grows slowly with the order: 0.613 at 20, 0.706 at 40. Subnormal results are rounded
    twice, with an error of at most 0.75. In the narrower formats results are those of float64,
    rounded once more. No order loses accuracy, but values grow like k!/2.36ᵏ: from order 45 on some
    are beyond float32 and become infinite with the right sign (13 in float16). From order 204 on
    some are beyond float64 too, and the function refuses; ``mish.reference.value`` knows any order.

    The first call with an order of 4 or more makes its tables, in 16 ms at order 4, 52 ms at 12,
    0.7 s at 40, 7 s at 100; those of 64 orders are kept. Then an element takes some 0.1 µs, on one
    thread.

    Args:
        x: points of float16, bfloat16, float32 or float64, of any shape. Integers and truth
            values are converted to float64.
        order: which derivative, from 0, the function itself, to 203.

    Returns:
        The derivative in the dtype and shape of ``x``, a scalar for one number. At an infinity
        it is the limit: a zero from order 2 on, with the sign of the side that it is reached
        from. NaN gives NaN. Where other libraries' arrays answer NumPy's ufuncs themselves
        (Dask's, pandas', xarray's), they answer this function as they answer ``numpy.exp``.

    Raises:
        TypeError: ``order`` is not an integer, or ``x`` is of another dtype.
        ValueError: ``order`` is negative, or above 203.
    """
    return Elementwise(_checked(order))(x)


class Elementwise:
    """The derivative of one order, as much like a ufunc as arrays of other libraries ask for.

    Their ``__array_ufunc__`` is given it in the place of a ufunc. They call it on the plain arrays
    that they hold, maybe later and in another process.
    """

    nin, nout, nargs, signature = 1, 1, 2, None

    def __init__(self, order: int) -> None:
        self.order = order
        self.__name__ = f"mish_d{order}" if order else "mish"

    def __call__(self, x: Any, **options: Any) -> Any:
        """Compute it; ``options`` are those of a ufunc's call, for arrays that pass them on."""
        if not isinstance(x, np.ndarray) and getattr(type(x), "__array_ufunc__", None) is not None:
            y = x.__array_ufunc__(self, "__call__", x, **options)
            if y is NotImplemented:
                kind = getattr(x, "dtype", "unknown")
                raise TypeError(
                    f"x must hold numbers whose derivative of order {self.order} its own library "
                    f"can take; {type(x).__name__} of dtype {kind} cannot"
                )
            return y
        y = _compute(_as_floats(x), self.order, **options)
        if isinstance(x, np.ndarray) and type(x) is not np.ndarray:
            y = x.__array_wrap__(np.asarray(y), (self, (x,), 0))  # type: ignore[arg-type]
        return y


def _compute(points: npt.NDArray[Any], order: int, **options: Any) -> Any:
    if order < len(_NATIVE):
        return _NATIVE[order](points, **options)
    if options:
        raise TypeError(f"mish.derivative of order {order} takes no {', '.join(options)}")
    flat = points.astype(np.float64).ravel()
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _BLOCK):
            block = flat[start : start + _BLOCK]
            block[:] = _derivative(block, order)
        result = flat.reshape(points.shape).astype(np.result_type(points.dtype), copy=False)
    return result[()]  # a scalar where it is 0-d, as from a ufunc


def _checked(order: object) -> int:
    if isinstance(order, bool | np.bool_):
        raise TypeError("order must be an integer, not a truth value")
    try:
        index = operator.index(order)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"order must be an integer, not {type(order).__name__}") from None
    if index < 0:
        raise ValueError(f"order must be 0 or more, not {index}")
    if index > _HIGHEST_ORDER:
        raise ValueError(
            f"order must be at most {_HIGHEST_ORDER}, not {index}: beyond it values overflow "
            "float64; mish.reference.value computes them"
        )
    return index


def _as_floats(x: npt.ArrayLike) -> npt.NDArray[Any]:
    points = np.asarray(x)
    if points.dtype.kind in "biu":
        return points.astype(np.float64)
    try:
        format_of(points.dtype)
    except TypeError:
        raise TypeError(refusal.of(points)) from None
    return points


def _derivative(x: Floats, order: int) -> Floats:
    """Compute a derivative of an order >= 2 in float64; warnings are the caller's to silence."""
    left, right = tails(order)
    on_left, on_right = x <= left.edge, -x <= right.edge
    inside = ~(on_left | on_right | np.isnan(x))
    result = x + 0.0  # keeps a NaN, quiet
    result[on_left] = _tail(x[on_left], order, left)
    result[on_right] = _tail(-x[on_right], order, right)
    (high, low), exponents = core(order).at(x[inside])
    result[inside] = np.ldexp(high + low, exponents)
    return result


def _tail(y: Floats, order: int, tail: Tail) -> Floats:
    """Compute the derivative at y = x left of the core, at y = −x right of it."""
    y = np.maximum(y, -order - 1000.0)  # where all is below the least number
    ln2_high, ln2_low, power = exponential()
    exponent = tail.first * y
    # exponent = twos·ln 2 + remainder; the product with the short part of ln 2 is exact
    twos = np.rint(exponent / ln2_high)
    (e, e_low), scale = power.at(*two_sum(exponent - twos * ln2_high, -twos * ln2_low))
    sum_, sum_low = two_sum(exponent, float(order))
    z = np.exp(y - tail.edge)
    rest = np.zeros_like(y)
    for i, term in reversed([*enumerate(tail.terms, tail.first + 1)]):
        rest += term * (i * y + order)
        rest *= z
    product, product_low = two_product(e, sum_)
    product_low += e_low * sum_ + e * (sum_low + rest)
    scale += twos.astype(np.int32) + tail.exponent
    result: Floats = np.ldexp(tail.sign * (product + product_low), scale)
    return result
