"""Arithmetic of rational functions, of sizes that take no long time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

from sympy.polys.domains import QQ  # type: ignore[import-untyped]

Rational: TypeAlias = Any  # sympy's FracElement, which has no types

MOST_BITS = 2000
"""Of a coefficient."""

_MOST_TERMS = 400  # of a polynomial


class Undecided(Exception):
    """The algebra does not reach so far; the text says what stopped it."""


def domain(number: Fraction) -> Any:
    """Convert a number to SymPy's."""
    return QQ(number.numerator, number.denominator)


def multiplied(a: Rational, b: Rational) -> Rational:
    """Multiply; raises Undecided where that is too much."""
    if max(len(a.numer) * len(b.numer), len(a.denom) * len(b.denom)) > _MOST_TERMS**2:
        raise Undecided("the polynomials get too long")
    return _measured(a * b)


def raised(a: Rational, exponent: int) -> Rational:
    """Raise to a power from 0 on; raises Undecided where that is too much."""
    result = a**0
    for _ in range(exponent):
        result = multiplied(result, a)
    return result


def _measured(value: Rational) -> Rational:
    for polynomial in (value.numer, value.denom):
        if len(polynomial) > _MOST_TERMS:
            raise Undecided("the polynomials get too long")
        for coefficient in polynomial.values():
            if int(coefficient.numerator).bit_length() > MOST_BITS:
                raise Undecided("the coefficients get too long")
    return value


def lowest(polynomial: Any) -> int:
    """The lowest power of u."""
    return min((power for _, power in polynomial.monoms()), default=0)
