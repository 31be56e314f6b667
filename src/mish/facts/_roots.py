"""All zeros of a function on an interval, each proved to be there and alone, no other left out.

The interval is cut into pieces until each is decided, in ball arithmetic, in one of two ways:

- no zero: an enclosure of the function over the piece, direct or by Taylor's theorem, excludes 0;
- one zero: the derivative's enclosure excludes 0, so the function is strictly monotonic there,
  and its signs at the two ends differ (none where they agree).

Taylor's theorem encloses a function over a piece by its values in the middle and the enclosure of
a higher derivative, which may be wide as it is multiplied by the square of the width.

Then Newton's method for intervals narrows the zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flint import arb

from mish._truth.balls import working_bits

Function = Callable[[arb], arb]
"""Encloses a function over a ball."""

_COVER_BITS = 96
_LEAST_WIDTH = 2.0**-40
# Off the middle, so that no cut falls on a zero at a round number.
_CUT = 0.4921875


class Zero(NamedTuple):
    """A simple zero."""

    place: arb  # a ball that holds this zero and no other
    rising: bool  # from negative to positive


class Cover(NamedTuple):
    """The zeros on an interval, and in how many pieces it was decided."""

    zeros: tuple[Zero, ...]
    pieces: int


def zeros(f: Function, df: Function, d2f: Function, low: float, high: float, bits: int) -> Cover:
    """Find every zero on the interval from ``low`` to ``high``.

    Args:
        f: the function, twice continuously differentiable.
        df: its derivative.
        d2f: its second derivative.
        low: the left end, where the function is not 0.
        high: the right end, likewise.
        bits: how narrow the enclosures become: below 2**-bits.

    Raises:
        ArithmeticError: a piece stays undecided, as it does around a multiple zero.
    """
    found: list[Zero] = []
    pieces = 0
    todo = [(low, high)]
    with working_bits(_COVER_BITS):
        while todo:
            left, right = todo.pop()
            decided = _decide(f, df, d2f, left, right)
            if decided is None:
                if right - left < _LEAST_WIDTH:
                    raise ArithmeticError(f"whether there is a zero near {left} is not decided")
                middle = left + (right - left) * _CUT
                todo += [(middle, right), (left, middle)]  # the left one is taken first
                continue
            pieces += 1
            found += decided
    return Cover(tuple(_narrow(f, df, zero, bits) for zero in found), pieces)


def _decide(
    f: Function, df: Function, d2f: Function, left: float, right: float
) -> tuple[Zero, ...] | None:
    """Give the zeros in a piece, or None where it is too wide to tell."""
    piece = arb(left).union(arb(right))
    if sign(f(piece)):
        return ()
    middle = arb(left + (right - left) / 2)
    away, slope, bend = piece - middle, df(middle), d2f(piece)
    if not bend.is_finite():
        return None
    if sign(f(middle) + away * (slope + away * bend / 2)):
        return ()
    if not sign(slope + away * bend):
        return None
    at_left, at_right = sign(f(arb(left))), sign(f(arb(right)))
    if not at_left or not at_right:
        return None
    return (Zero(piece, at_left < 0),) if at_left != at_right else ()


def _narrow(f: Function, df: Function, zero: Zero, bits: int) -> Zero:
    """Apply Newton's method for intervals; every step keeps the zero inside."""
    place = zero.place
    with working_bits(2 * bits + 32):
        while not place.rad() < arb((1, -bits)):
            middle = place.mid()
            step = middle - f(middle) / df(place)
            narrower = place.intersection(step)
            if not narrower.rad() < place.rad() * arb(0.75):
                # too wide for Newton's method: keep the half in which the sign changes
                half = sign(f(middle))
                if not half:
                    raise ArithmeticError(f"the zero near {middle} cannot be narrowed")
                below = (half < 0) == zero.rising
                narrower = middle.union(place.upper()) if below else place.lower().union(middle)
            place = narrower
    return Zero(place, zero.rising)


def sign(ball: arb) -> int:
    """Give the sign that all numbers in a ball share, or 0."""
    return int(ball > 0) - int(ball < 0)
