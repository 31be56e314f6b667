"""The tables of ``derivative``: made for an order on first use, in exact arithmetic.

Python's integers and decimals do the work, so a table holds rounded exact numbers for any order.

Core. mish(x) = x·T(x) with T = 1 − 2/d, d = e² + 2e + 2, e = eˣ. About a centre, the Taylor
coefficients of d are those of its two exponentials, and (2/d)·d = 2 gives those of 2/d one after
the other. Right of 0 both sides are divided by e² and written in e⁻ˣ, so that no term is large.
The poles of T nearest the real axis are ln √2 ± 3πi/4. A derivative of order k varies over 1/k of
the distance to them, and the spacing of the centres follows that. Each zero is a centre.

Tails. With y = x on the left and y = −x on the right, T is 0 or 1 plus a power series in eʸ,
whose coefficients follow from multiplication by d. Term by term,

    (d/dy)ᵏ (y·eʲʸ) = jᵏ⁻¹ (jy + k) eʲʸ.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cache, lru_cache
from operator import mul
from typing import NamedTuple

import numpy as np

from mish._taylor.expansions import Expansions

# With the cells this narrow, the next term of an expansion is below 2**-60 of the value, and
# rounding errors in all but the first two coefficients stay below a tenth of an ulp.
_DEGREE = 13
_CELL = 0.25
_MARGIN = 5.0  # from the outermost zeros, near −order and order/2, to the tails
_TAIL_TERMS = 11
_LN2_BITS = 36
_POLE = complex(math.log(2) / 2, 0.75 * math.pi)
DECIMAL = Context(50, ROUND_HALF_EVEN)


class Tail(NamedTuple):
    """mish⁽ᵏ⁾ = sign·2**exponent·eˢ·(s + k + Σ terms[i]·((first + i)·y + k)·eⁱ⁽ʸ⁻ᵉᵈᵍᵉ⁾).

    Here s = first·y; the sum begins at i = 1.
    """

    first: int
    edge: float  # serves y <= edge
    terms: tuple[float, ...]
    sign: int
    exponent: int


class Exponential(NamedTuple):
    """What eˢ needs: ln 2 in two parts, the first short, and eʳ for |r| ≤ ln(2)/2."""

    ln2_high: float
    ln2_low: float
    core: Expansions


class Series(NamedTuple):
    """Σ terms[m]·2**−(bits + scale·m)·tᵐ, t the distance from the centre."""

    terms: list[int]
    scale: int
    bits: int


@lru_cache(maxsize=64)
def core(order: int) -> Expansions:
    """Expand the derivative of an order >= 0 wherever the tails do not serve."""
    left, right = (side.edge for side in tails(order))
    centres = [*reversed(_march(0.0, left, order)), *_march(0.0, -right, order)[1:]]
    rows = [_derivative_series(centre, order) for centre in centres]
    for i in range(len(centres) - 1):
        if (rows[i].terms[0] > 0) != (rows[i + 1].terms[0] > 0):
            zero = zero_near(centres[i], order)
            nearest = i if zero - centres[i] < centres[i + 1] - zero else i + 1
            centres[nearest], rows[nearest] = zero, _derivative_series(zero, order)
    return expansions(centres, rows, -order)


@lru_cache(maxsize=64)
def tails(order: int) -> tuple[Tail, Tail]:
    """Make the left and the right tail of the derivative of an order >= 0."""
    left, right = _tail(order, 1, "left"), _tail(order, 2, "right")
    return left, right._replace(sign=(-1) ** order, exponent=order)


def gate(side: str, count: int) -> list[float]:
    """Give the coefficients of eʲʸ, j = 1, 2, …, in T on the left, in 1 − T on the right.

    They are exact, as they are short binary fractions.
    """
    found = [1.0, -0.5] if side == "left" else [0.0, 2.0]
    while len(found) < count:
        before, last = found[-2:]
        found.append(-last - before / 2 if side == "left" else -2 * last - 2 * before)
    return found


@cache
def exponential() -> Exponential:
    """Make the table of the exponential function."""
    with localcontext(DECIMAL):
        ln2 = Decimal(2).ln()
        high = math.floor(ln2 * (1 << _LN2_BITS)) / (1 << _LN2_BITS)
        low = float(ln2 - Decimal(high))
    centres = [i / 32 for i in range(-12, 13)]
    bits = 160
    rows = []
    for centre in centres:
        value = _fixed_exp(centre, bits)
        rows.append(Series([value // math.factorial(m) for m in range(_DEGREE + 1)], 0, bits))
    return Exponential(high, low, expansions(centres, rows, 0))


def _tail(order: int, first: int, side: str) -> Tail:
    """Make a tail whose series begins with the power ``first``; coefficients are relative to it."""
    edge = -order / first - _MARGIN
    coefficients = gate(side, first + _TAIL_TERMS - 1)
    terms = []
    for i in range(1, _TAIL_TERMS):
        relative = coefficients[first + i - 1] / coefficients[first - 1]
        with localcontext(DECIMAL):
            growth = (Decimal(first + i) / first) ** (order - 1)
            terms.append(float(Decimal(relative) * growth * (Decimal(edge) * i).exp()))
    return Tail(first, edge, tuple(terms), 1, 0)


def _march(start: float, end: float, order: int) -> list[float]:
    """Place centres from start to just beyond end."""
    centres = [start]
    while abs(centres[-1]) < abs(end):
        width = _CELL * abs(centres[-1] - _POLE) / (order + 8)
        centres.append(centres[-1] + math.copysign(width, end))
    return centres


def zero_near(guess: float, order: int) -> float:
    """Round the zero next to a guess to float64, by Newton's method."""
    while True:
        series = _derivative_series(guess, order)
        value, slope, *_ = series.terms
        better = guess - (value << series.scale) / slope
        if better == guess:
            return guess
        guess = better


def _derivative_series(centre: float, order: int) -> Series:
    """Expand mish⁽ᵏ⁾·2**(k·scale), k = order, about a centre."""
    count = order + _DEGREE + 1
    # A zero rounded to float64 leaves the value some 60 bits below the slope, and at high orders
    # x = −order lies nearer still: the left tail's second term leaves (2/e)ᵏ there. That is
    # 0.44 bits an order; of what is left, 53 bits are kept, or else 106. The rest is for the
    # powers of e far out and the decay of the coefficients.
    series = expand(centre, count, 192 + 5 * count // 2)
    terms = [series.terms[n] * math.perm(n, order) for n in range(order, count)]
    return series._replace(terms=terms)


def expand(centre: float, count: int, bits: int) -> Series:
    """Expand Mish about a centre, in so many terms, by fixed-point numbers of so many bits."""
    # so that the coefficients neither grow nor fall by more than 2 from one to the next
    scale = int(math.log2(abs(centre - _POLE)))
    step = -(1 << scale) if centre > 0 else 1 << scale
    power = _fixed_exp(-abs(centre), bits)
    constant, single, double = 2 << bits, 2 * power, power * power >> bits
    if centre > 0:
        constant, double = 1 << bits, 2 * double
    divisor = [constant + single + double]
    # what 2/d is multiplied by d to: 2 on the left, 2e⁻²ˣ right of 0
    target = [double if centre > 0 else constant]
    for n in range(1, count):
        single = single * step // n
        double = double * 2 * step // n
        divisor.append(single + double)
        target.append(double if centre > 0 else 0)
    gate: list[int] = []  # 2/d, then T = 1 − 2/d
    for n in range(count):
        known = sum(map(mul, divisor[1 : n + 1], reversed(gate)))
        gate.append(((target[n] << bits) - known) // divisor[0])
    gate = [(1 << bits) - gate[0], *(-term for term in gate[1:])]
    numerator, denominator = centre.as_integer_ratio()
    terms = [
        term * numerator // denominator + (before << scale)
        for term, before in zip(gate, [0, *gate[:-1]], strict=True)
    ]
    return Series(terms, scale, bits)


def _fixed_exp(x: float, bits: int) -> int:
    """Compute eˣ·2**bits."""
    with localcontext(Context(bits // 3 + 20, ROUND_HALF_EVEN)):
        return int(Decimal(x).exp() * (1 << bits))


def expansions(centres: list[float], rows: list[Series], derived: int) -> Expansions:
    """Round series to float64, each scaled to values near 1; 2**(derived·scale) is taken out."""
    columns, exponents = [], []
    for terms, scale, bits in rows:
        # 2**-8 of a unit of 2**scale stands for the width of a cell, which the slope acts over
        top = max(abs(terms[0]), abs(terms[1]) >> 8).bit_length()
        column = []
        for m, term in enumerate(terms):
            one = 1 << (top + scale * m)
            high = term / one
            column.append(high)
            if m < 2:
                numerator, denominator = high.as_integer_ratio()
                column.append((term * denominator - numerator * one) / (one * denominator))
        columns.append(column)
        exponents.append(top - bits + derived * scale)
    places = np.array(centres)
    return Expansions(
        edges=(places[:-1] + places[1:]) / 2,
        centres=places,
        coefficients=np.ascontiguousarray(np.array(columns).T),
        exponents=np.array(exponents, np.int32),
    )
