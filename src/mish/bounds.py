"""Bounds of Mish on intervals, for verification: its range, Lipschitz constants, lines.

All hold for every real number of an interval, not for those of a format alone: results are rounded
outwards by more than the kernels' error of 2 ulp (docs/accuracy.md). Everything follows from the
shape that `mish.facts` proves: Mish falls up to X0 = −1.19… and rises from there; it is concave up
to C1 = −2.25…, convex up to C2 = 1.49…, and concave beyond.

The best lines. The area between a line and the function over [l, u] depends on the height of the
line in the middle m alone, so it is least where a line above Mish passes m as low as it can: at
the height of the concave hull of Mish over [l, u], as that hull's tangent. It is made of pieces of
Mish where Mish is concave, and of one line, which is a tangent to such a piece, or ends in l or u.
The best line below touches the convex hull in the same way. The tangents are found by bisection of
monotonic functions. Whether they are exact matters for the area alone: a line's intercept is the
extremum of f(x) − a·x over the interval for the slope a that was found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mish._numpy.native import mish, mish_d1

if TYPE_CHECKING:
    import numpy.typing as npt

    from mish._taylor.expansions import Floats

# The float64 numbers next to the places of `mish facts`: the minimum, and the inflections.
_X0 = -1.1924312145154952
_C1, _C2 = -2.2563763963607932, 1.4905711794854284
_HALVINGS = 64
_LEFT, _RIGHT = -800.0, 400.0  # beyond them mish′ is 0 and 1 in float64
_ROUNDING = 2.0**-49  # of what is added and multiplied: some 8 ulp
_TINY = 2.0**-1070


class Interval(NamedTuple):
    """The ends of intervals, arrays of float64 or numbers."""

    lower: Any
    upper: Any


class Lines(NamedTuple):
    """Lines below and above Mish: slope·x + intercept in real numbers, arrays of float64."""

    lower_slope: Any
    lower_intercept: Any
    upper_slope: Any
    upper_intercept: Any


def interval(lower: npt.ArrayLike, upper: npt.ArrayLike) -> Interval:
    """Enclose the values of Mish on intervals: its interval extension.

    Args:
        lower: the lower ends, of any shape; may be −∞.
        upper: the upper ends, broadcast against ``lower``; may be ∞.

    Returns:
        The ends of the ranges, in float64: the exact range, widened by at most 4 ulp an end.

    Raises:
        TypeError: an argument holds no real numbers.
        ValueError: a lower end is above its upper end, or one is NaN.
    """
    low, high = _ends(lower, upper)
    with np.errstate(all="ignore"):
        at_low, at_high = mish(low), mish(high)
        least = np.where((low <= _X0) & (high >= _X0), mish(_X0), np.minimum(at_low, at_high))
        # an end within an ulp of X0 is no exception: there Mish is its least value to the last bit
        most = np.maximum(at_low, at_high)
        return Interval(_outwards(least, -1)[()], _outwards(most, 1)[()])


def lipschitz(lower: npt.ArrayLike, upper: npt.ArrayLike) -> Any:
    """Bound the slope of Mish on intervals: their least Lipschitz constants, rounded up.

    Args:
        lower: the lower ends, of any shape; may be −∞.
        upper: the upper ends, broadcast against ``lower``; may be ∞.

    Returns:
        The largest |mish′(x)| on each interval, in float64, at most 4 ulp too large.

    Raises:
        TypeError: an argument holds no real numbers.
        ValueError: a lower end is above its upper end, or one is NaN.
    """
    low, high = _ends(lower, upper)
    with np.errstate(all="ignore"):
        most = np.maximum(np.abs(mish_d1(low)), np.abs(mish_d1(high)))
        for extremum in (_C1, _C2):
            inside = (low <= extremum) & (extremum <= high)
            most = np.where(inside, np.maximum(most, abs(mish_d1(extremum))), most)
        return _outwards(most, 1)[()]


def linear(lower: npt.ArrayLike, upper: npt.ArrayLike) -> Lines:
    """Bound Mish on intervals by a line below and a line above, as CROWN and its kin need them.

    Of all lines that bound Mish on [l, u] these leave the least area to it, but for rounding: an
    intercept is off by at most about 2⁻⁴⁷ of the largest number met, which is |slope·x| or
    |mish(x)| at an end. Some microseconds an interval.

    Args:
        lower: the lower ends, of any shape; finite.
        upper: the upper ends, broadcast against ``lower``; finite.

    Returns:
        Slopes and intercepts, in float64, with
        lower_slope·x + lower_intercept ≤ mish(x) ≤ upper_slope·x + upper_intercept for every real
        x from the lower to the upper end.

    Raises:
        TypeError: an argument holds no real numbers.
        ValueError: a lower end is above its upper end, or one is not finite.
    """
    low, high = _ends(lower, upper)
    for name, ends in (("lower", low), ("upper", high)):
        if not np.all(np.isfinite(ends)):
            raise ValueError(f"{name} must be finite: no line bounds Mish as tightly as its limits")
    shape = low.shape
    l, u = low.ravel(), high.ravel()  # noqa: E741
    with np.errstate(all="ignore"):
        above, below = _slope_above(l, u), _slope_below(l, u)
        found = below, _intercept(l, u, below, -1), above, _intercept(l, u, above, 1)
    return Lines(*(each.reshape(shape)[()] for each in found))


def _slope_above(l: Floats, u: Floats) -> Floats:  # noqa: E741
    """The slope of the concave hull in the middle."""
    middle, chord = _middle(l, u), _chord(l, u)
    at_end_l, at_end_u = mish(l), mish(u)
    concave = (u <= _C1) | (l >= _C2)
    # the hull leaves Mish at p for a line to u, or comes to it at q by a line from l; never both,
    # as mish′ is below 0 left of C1 and above 1 right of C2
    p = _bisect(lambda x: mish(x) + mish_d1(x) * (u - x) - at_end_u, np.maximum(l, _LEFT), _C1)
    q = _bisect(lambda x: at_end_l - mish(x) - mish_d1(x) * (l - x), _C2, np.minimum(u, _RIGHT))
    slope = np.where((l < _C1) & (chord < mish_d1(l)), mish_d1(np.minimum(middle, p)), chord)
    slope = np.where((u > _C2) & (chord > mish_d1(u)), mish_d1(np.maximum(middle, q)), slope)
    return np.where(concave, mish_d1(middle), slope)


def _slope_below(l: Floats, u: Floats) -> Floats:  # noqa: E741
    """The slope of the convex hull in the middle."""
    middle, chord = _middle(l, u), _chord(l, u)
    at_end_l, at_end_u = mish(l), mish(u)
    left, right = np.maximum(l, _C1), np.minimum(u, _C2)  # where Mish is convex

    def over_l(x: Floats) -> Floats:
        height: Floats = mish(x) + mish_d1(x) * (l - x) - at_end_l
        return height

    def over_u(x: Floats) -> Floats:
        depth: Floats = at_end_u - mish(x) - mish_d1(x) * (u - x)
        return depth

    # a line from l touches Mish at p, one from u at q
    p = np.where(l < _C1, _bisect(over_l, left, right), l)
    q = np.where(u > _C2, _bisect(over_u, left, right), u)
    touched = (left < right) & (p <= q)
    touched &= (l >= _C1) | (over_l(right) < 0)
    touched &= (u <= _C2) | (over_u(left) > 0)
    return np.where(touched, mish_d1(np.minimum(np.maximum(middle, p), q)), chord)


def _intercept(l: Floats, u: Floats, slope: Floats, side: int) -> Floats:  # noqa: E741
    """The extremum of mish(x) − slope·x: the largest for the side 1, the least for −1."""
    if side > 0:  # where Mish is concave
        parts = [(np.maximum(l, _LEFT), np.minimum(u, _C1)), (np.maximum(l, _C2), u)]
    else:
        parts = [(np.maximum(l, _C1), np.minimum(u, _C2))]
    found = [mish(end) - slope * end for end in (l, u)]
    for left, right in parts:
        x = _bisect(lambda x: side * (mish_d1(x) - slope), left, np.minimum(right, _RIGHT))
        value = mish(x) - slope * x
        found.append(np.where(left < right, value, found[0]))
    extremum = np.max(found, axis=0) if side > 0 else np.min(found, axis=0)
    largest = np.maximum(np.abs(l), np.abs(u))
    most = np.maximum(np.abs(mish(l)), np.abs(mish(u)))
    room = _ROUNDING * np.abs(slope) * largest + _ROUNDING * most + _TINY
    outside: Floats = extremum + side * room
    return outside


def _bisect(falling: Callable[[Floats], Floats], left: Any, right: Any) -> Floats:
    """Find where a falling function passes 0, or the end where it is nearest to that."""
    low, high = (np.array(each, np.float64) for each in np.broadcast_arrays(left, right))
    for _ in range(_HALVINGS):
        x = _middle(low, high)
        positive = falling(x) > 0
        low, high = np.where(positive, x, low), np.where(positive, high, x)
    return low


def _middle(l: Floats, u: Floats) -> Floats:  # noqa: E741
    middle: Floats = l / 2 + u / 2
    return middle


def _chord(l: Floats, u: Floats) -> Floats:  # noqa: E741
    """The slope from end to end; that of Mish where they are too near to tell."""
    width = u / 2 - l / 2
    near = width <= 2.0**-26 * np.maximum(np.abs(l), np.abs(u))
    chord: Floats = (mish(u) / 2 - mish(l) / 2) / width
    return np.where(near, mish_d1(_middle(l, u)), chord)


def _ends(lower: npt.ArrayLike, upper: npt.ArrayLike) -> tuple[Floats, Floats]:
    given = []
    for name, ends in (("lower", lower), ("upper", upper)):
        array = np.asarray(ends)
        if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
            raise TypeError(f"{name} must hold real numbers, not {array.dtype.name}")
        given.append(array.astype(np.float64))
        if np.any(np.isnan(given[-1])):
            raise ValueError(f"{name} must not hold NaN")
    low, high = np.broadcast_arrays(*given)
    if np.any(low > high):
        at = np.argmax((low > high).ravel())
        raise ValueError(
            f"lower must not be above upper, as {low.flat[at]} is above {high.flat[at]}; "
            "swap the ends"
        )
    return low, high


def _outwards(value: Floats, side: int) -> Floats:
    """Move a result of the kernels past the exact value: by 3 ulp, its error being 2 at most."""
    moved = np.asarray(value, np.float64)
    for _ in range(3):
        moved = np.nextafter(moved, side * np.inf)
    return moved
