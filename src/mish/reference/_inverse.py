"""The two real inverses of Mish, each found by Newton's method and then proved.

An interval [a, b] on one side of the minimum, where mish′ has one sign, holds the x at which Mish
is y if mish(a) − y and mish(b) − y have different signs. On which side a number lies, the sign of
mish′ tells: it changes once, which `mish.facts` proves.
"""

from __future__ import annotations

import functools
import math
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
from flint import arb, ctx

import mish
from mish._truth.balls import working_bits
from mish.reference._derivatives import Number, as_ball, ball, exact, narrow, to_digits

Branch: TypeAlias = Literal["right", "left"]

_FIRST_BITS = 128
_STEPS = 200
_NEAR = 1e-7
_MINIMUM = -1.1924312145154952
_WIDER = 24  # bits by which the first interval is wider than the precision


def inverse(y: Number, branch: Branch = "right", digits: int = 30) -> Decimal:
    """Compute the x at which Mish is y, correctly rounded to a number of decimal digits.

    Args:
        y: the value, taken as exact; may be infinite or NaN.
        branch: ``"right"`` or ``"left"`` of the minimum.
        digits: significant digits of the result.

    Returns:
        The x, rounded half to even; NaN where there is none. At y = 0 the left branch gives −∞.

    Raises:
        ArithmeticError: the value cannot be told from the least one, or x is too close to a tie.
        TypeError, ValueError: ``y``, ``branch`` or ``digits`` is not usable.
    """
    if digits < 1:
        raise ValueError(f"digits must be at least 1, not {digits}")
    if branch not in ("right", "left"):
        raise ValueError(f'branch must be "right" or "left", not {branch!r}')
    point = exact(y)
    special = _special(point, branch)
    if special is not None:
        return Decimal(special)
    what = f"the {branch} inverse of {y}"
    decide = to_digits(digits, what)

    def decide_if_found(found: arb) -> Decimal | None:
        return decide(found) if found.is_finite() else None

    return narrow(
        lambda: inverse_ball(as_ball(point), branch),
        decide_if_found,
        what,
        _FIRST_BITS + 4 * digits,
    )


def _special(point: float | Fraction, branch: Branch) -> float | None:
    if isinstance(point, float) and not math.isfinite(point):
        return point if math.isnan(point) or (point > 0 and branch == "right") else math.nan
    if point == 0:
        return float(point) if branch == "right" else -math.inf
    if branch == "left" and point > 0:
        return math.nan
    return math.nan if narrow(least, lambda ball: _below(point, ball), "the least value") else None


def _below(point: float | Fraction, least_value: arb) -> bool | None:
    y = as_ball(point)
    return True if y < least_value else False if y > least_value else None


def least() -> arb:
    """Enclose the least value of Mish, at the working precision."""
    return ball(minimum(ctx.prec), 0)


@functools.lru_cache(maxsize=32)
def minimum(bits: int) -> arb:
    """Enclose the place of the minimum."""
    with working_bits(bits + 32):
        x = arb(_MINIMUM)
        for _ in range(bits.bit_length()):
            x = (x - ball(x, 1) / ball(x, 2)).mid()
        radius = arb((1, -bits))
        if not (ball(x - radius, 1) < 0 and ball(x + radius, 1) > 0):
            raise ArithmeticError("the minimum is not where it should be")
        return (x - radius).union(x + radius)


def inverse_ball(y: arb, branch: Branch) -> arb:
    """Enclose the x at which Mish is y, at the working precision.

    Args:
        y: a ball above the least value, and below 0 on the left.
        branch: ``"right"`` or ``"left"`` of the minimum.

    Returns:
        A ball that holds x for each number in ``y``; NaN where the precision does not suffice.
    """
    x = _start(y, branch)
    target = y.mid()
    last = arb("inf")
    for _ in range(_STEPS):
        step = ((ball(x, 0) - target) / ball(x, 1)).mid()
        following = (x - step).mid()
        # near the end steps get smaller, until rounding errors are all that they are made of
        settled = abs(step) < abs(x) * arb((1, -ctx.prec // 4)) and not abs(step) < last
        if settled or not following.is_finite():
            break
        x, last = following, abs(step)
    sign = 1 if branch == "right" else -1
    for wider in range(_WIDER, ctx.prec, _WIDER):
        width = abs(x) * arb((1, wider - ctx.prec))
        low, high = (x - width).lower(), (x + width).upper()
        on_side = sign * ball(low if sign > 0 else high, 1) > 0
        if on_side and sign * (ball(low, 0) - y) < 0 and sign * (ball(high, 0) - y) > 0:
            return low.union(high)
    return arb.nan()


def _start(y: arb, branch: Branch) -> arb:
    """Where to begin: at the float64 result, or at a rough one where there is none."""
    near = float(y.mid())
    if abs(near) < sys.float_info.min:
        if branch == "right":
            return y.mid() * 5 / 3
        u = float(abs(y.mid()).log())
        return arb(u - math.log(math.log(-u) - u))
    found = float(mish.inverse(np.float64(near), branch))
    if not abs(found - _MINIMUM) > _NEAR:
        found = _MINIMUM + (_NEAR if branch == "right" else -_NEAR)
    return arb(found)
