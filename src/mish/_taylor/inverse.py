"""The two real inverses of Mish over arrays.

Mish falls to its least value Y at X0 and rises from there, so a y above Y has an x on the right of
X0 and, where y < 0, another on the left. Both are one analytic function of s = ±√(y − Y). Where
they are computed:

- near the minimum, by the series of x in s;
- near y = 0, on the right, by the series of x in y, whose first term keeps the relative accuracy;
- between, by one step of Chebyshev's method,

      x − Δ·(1 + Δ·f″/(2f′)),    Δ = (f(x) − y)/f′(x),

  from a table over s that is right to 10⁻⁶, where f(x) − y is computed almost without error: by
  Taylor expansions whose value is a pair, or as (x − y) − (x − f(x)) where x − f(x) is small;
- in the left tail, by Newton's method on ln(−f(x)) = ln(−y), and beyond 20 x = y.

The series are those of Mish, reversed, in decimal arithmetic; nothing was computed beforehand.
"""

from __future__ import annotations

import functools
import math
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from mish._numpy import native
from mish._taylor.elementwise import Elementwise, in_float64
from mish._taylor.expansions import Floats, two_sum
from mish._taylor.tables import DECIMAL, core, expand, exponential, zero_near

if TYPE_CHECKING:
    import numpy.typing as npt

Branch: TypeAlias = Literal["right", "left"]

_TERMS, _BITS = 24, 256
_NEAR_MINIMUM = 0.0625  # of s
_NEAR_ZERO = 2.0**-6  # of y, on the right
_LEFT_TAIL = -0.1875  # y beyond; x is −2.5 there
_RIGHT_TAIL = 20.0  # where x − f(x) is below a tenth of an ulp
_EXPANDED = 4.5  # of x, up to which the expansions of Mish serve
_STEPS = 1024  # of the table, for each unit of s


class _Tables(NamedTuple):
    minimum: float
    """The X0 nearest to the exact one."""
    least: tuple[float, float]
    """Y, high and low."""
    at_minimum: Floats
    """Of x − minimum, by powers of s."""
    at_zero: Floats
    """Of x by powers of y, but for the first, which is 5/3."""
    first: int
    """The s of the first row, in steps."""
    start: Floats
    """x, right to 10⁻⁶, at each step of s."""


def inverse(
    y: npt.ArrayLike,
    branch: Branch = "right",
    *,
    out: npt.NDArray[Any] | None = None,
    where: npt.ArrayLike = True,
) -> Any:
    """Compute the x at which Mish is y, element by element.

    Mish has a least value, −0.30884341301725…, at x = −1.19243121451549…. The right branch gives
    the x at or above that place, for each y from the least value on; the left one the x below it,
    for y from the least value up to 0.

    Largest errors, in ulp of the exact x: float64 2 (1.25 seen), float32, float16 and bfloat16 0.5
    and a little. That is so next to the minimum too: y is taken as the number that it is. But x is
    ill-conditioned there: a relative error ε of y moves it by about √(2.3·ε), so mish(inverse(y))
    is y to the last bits, and inverse(mish(x)) is x to half its digits.

    Args:
        y: numbers of float16, bfloat16, float32 or float64, of any shape. Integers and truth
            values are converted to float64.
        branch: ``"right"`` or ``"left"`` of the minimum.
        out: an array for the results, as for a ufunc.
        where: where to compute, as for a ufunc.

    Returns:
        x in the dtype and shape of ``y``, a scalar for one number. NaN, without a warning, where
        there is none: below the least value, and on the left above 0. (In float64 and bfloat16 the
        number nearest to the least value lies below it.) The right branch gives ±0 at ±0 and ∞ at
        ∞; the left one −∞ at both zeros, the limit. NaN gives NaN.

    Raises:
        TypeError: ``y`` is of another dtype, or ``out`` of one that does not hold the results.
        ValueError: ``branch`` is none of the two, or ``out`` or ``where`` has another shape.
    """
    if branch not in ("right", "left"):
        raise ValueError(f'branch must be "right" or "left", not {branch!r}')
    options = {} if out is None and where is True else {"out": out, "where": where}
    return _FUNCTIONS[branch](y, **options)


def _compute(points: npt.NDArray[Any], branch: Branch, **options: Any) -> Any:
    return in_float64(points, functools.partial(_inverse, branch=branch), **options)


_FUNCTIONS = {
    branch: Elementwise(f"inverse_{branch}", functools.partial(_compute, branch=branch), "y")
    for branch in ("right", "left")
}


def _inverse(y: Floats, branch: Branch) -> Floats:
    tables = _tables()
    high, low = tables.least
    above = (y - high) - low  # exact enough: the first difference is exact where it is small
    right = branch == "right"
    served = (above >= 0) & (right | (y < 0))
    result = np.full_like(y, np.nan)
    result[np.isnan(y)] = y[np.isnan(y)]
    if right:
        far = y >= _RIGHT_TAIL
        result[far] = y[far]
        special = np.abs(y) <= _NEAR_ZERO
        result[special] = _near_zero(y[special], tables)
        served &= ~far
    else:
        result[y == 0] = -np.inf
        special = (y > _LEFT_TAIL) & (y < 0)
        result[special] = _left_tail(y[special])
    s = np.sqrt(np.where(served, above, 0.0))
    near = served & (s <= _NEAR_MINIMUM)
    sign = 1.0 if right else -1.0
    result[near] = tables.minimum + _polynomial(tables.at_minimum, sign * s[near])
    rest = served & ~special & ~near
    result[rest] = _between(y[rest], sign * s[rest], tables)
    return result


def _near_zero(y: Floats, tables: _Tables) -> Floats:
    return y + (y * (2 / 3) + y * (y * _polynomial(tables.at_zero, y)))


def _between(y: Floats, s: Floats, tables: _Tables) -> Floats:
    place = s * _STEPS - tables.first
    row = np.clip(place.astype(np.int64), 0, tables.start.size - 2)
    x = tables.start[row]
    x += (place - row) * (tables.start[row + 1] - x)
    miss = np.empty_like(x)
    expanded = x <= _EXPANDED
    (high, low), exponents = core(0).at(x[expanded])
    scaled = np.ldexp(y[expanded], -exponents)
    miss[expanded] = np.ldexp((high - scaled) + low, exponents)
    beyond = x[~expanded]
    w = np.exp(-beyond)
    square = 2 * w * w
    miss[~expanded] = (beyond - y[~expanded]) - beyond * (square / (1 + 2 * w + square))
    slope = native.mish_d1(x)
    step = miss / slope
    corrected: Floats = x - step * (1 + step * native.mish_d2(x) / (2 * slope))
    return corrected


def _left_tail(y: Floats) -> Floats:
    """Solve x + ln(−x) + ln R(eˣ) = ln(−y), where f = x·w·R(w) with w = eˣ."""
    ln2_high, ln2_low, _ = exponential()
    significand, twos = np.frexp(-y)
    whole = twos * ln2_high  # exact
    rest = np.log(significand) + twos * ln2_low
    target = whole + rest
    x = target - np.log(-target)
    x = target - np.log(-x)
    for _ in range(4):
        w = np.exp(x)
        divisor = w * w + 2 * w + 2
        shrink = np.log1p(-w * (w + 1) / divisor)
        # no rounding counts but those of the two logarithms
        total, total_low = two_sum(x - whole, np.log(-x))
        total, more_low = two_sum(total, -rest)
        miss = total + (total_low + more_low + shrink)
        x = x - miss / (1 + 1 / x - w * (w * (w + 4) + 2) / ((w + 2) * divisor))
    return x


def _polynomial(coefficients: Floats, at: Floats) -> Floats:
    total = np.full_like(at, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= at
        total += coefficient
    return total


@functools.cache
def _tables() -> _Tables:
    minimum = zero_near(-1.1924, 1)
    with localcontext(DECIMAL):
        least, off, at_minimum = _minimum(minimum)
        high = float(least)
        low = float(least - Decimal(high))
        at_zero = _reversed(_series(0.0))[2:]
    ends = [-math.sqrt(_LEFT_TAIL - high), math.sqrt(_RIGHT_TAIL - high)]
    first, last = math.floor(ends[0] * _STEPS), math.ceil(ends[1] * _STEPS)
    x = np.linspace(-2.7, _RIGHT_TAIL + 0.1, 1 << 15)
    s = np.copysign(np.sqrt(np.maximum((native.mish(x) - high) - low, 0)), x - minimum)
    return _Tables(
        minimum,
        (high, low),
        np.array([float(off), *map(float, at_minimum[1:])]),
        np.array([*map(float, at_zero)]),
        first,
        np.interp(np.arange(first, last + 1) / _STEPS, s, x),
    )


def _series(centre: float) -> list[Decimal]:
    """The Taylor coefficients of Mish."""
    terms, scale, bits = expand(centre, _TERMS, _BITS)
    return [Decimal(term) / (1 << (bits + scale * m)) for m, term in enumerate(terms)]


def _minimum(near: float) -> tuple[Decimal, Decimal, list[Decimal]]:
    """Give Y, the distance of X0 from a float64 next to it, and x − X0 by powers of s."""
    series = _series(near)
    off = -series[1] / (2 * series[2])
    for _ in range(2):  # Newton's method on the slope
        slope, curvature = (
            sum(
                (math.perm(m, k) * series[m] * off ** (m - k) for m in range(k, _TERMS)), Decimal(0)
            )
            for k in (1, 2)
        )
        off -= slope / curvature
    there = [
        sum((math.comb(m, n) * series[m] * off ** (m - n) for m in range(n, _TERMS)), Decimal(0))
        for n in range(_TERMS)
    ]
    # y − Y = (x − X0)²·q(x − X0), so s = (x − X0)·√q
    q = there[2:]
    root = [q[0].sqrt()]
    for n in range(1, len(q)):
        known = sum((root[i] * root[n - i] for i in range(1, n)), Decimal(0))
        root.append((q[n] - known) / (2 * root[0]))
    return there[0], off, _reversed([Decimal(0), *root])


def _reversed(series: list[Decimal]) -> list[Decimal]:
    """Reverse a power series without a constant term: find c with Σ seriesₙ·(Σ cₖtᵏ)ⁿ = t."""
    count = len(series)
    found = [Decimal(0), 1 / series[1]]
    # powers[n][k] is the coefficient of tᵏ in the n-th power of what is sought
    powers = [[Decimal(0)] * count for _ in range(count)]
    powers[1][1] = found[1]
    for k in range(2, count):
        for n in range(2, k + 1):
            powers[n][k] = sum(
                (found[j] * powers[n - 1][k - j] for j in range(1, k - n + 2)), Decimal(0)
            )
        known = sum((series[n] * powers[n][k] for n in range(2, k + 1)), Decimal(0))
        found.append(-known / series[1])
        powers[1][k] = found[k]
    return found
