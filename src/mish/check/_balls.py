"""A program's values in ball arithmetic: certain enclosures at a point."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from flint import arb, fmpq

from mish._truth.balls import working_bits
from mish.check._program import Program, Step

Truth: TypeAlias = bool | None
"""None where the enclosures are too wide to tell."""


def values(program: Program, point: Fraction, bits: int) -> list[arb | Truth]:
    """Enclose the result of every step.

    Args:
        program: what to evaluate.
        point: x.
        bits: the working precision.

    Returns:
        Balls, which hold a NaN where a step is not defined, and truth values.
    """
    found: list[arb | Truth] = []
    with working_bits(bits):
        for step in program.steps:
            found.append(_value(step, [found[each] for each in step.inputs], point))
    return found


def at(program: Program, point: Fraction, bits: int) -> arb:
    """Enclose the result of a program."""
    ball = values(program, point, bits)[-1]
    assert isinstance(ball, arb)  # the parser sees to it
    return ball


def ball_of(number: Fraction) -> arb:
    """Convert a number, at the working precision."""
    return arb(fmpq(number.numerator, number.denominator))


def _value(step: Step, inputs: list[arb | Truth], point: Fraction) -> arb | Truth:
    if step.op == "x":
        return ball_of(point)
    if step.op == "number":
        assert step.number is not None
        return ball_of(step.number)
    return _TABLE[step.op](*inputs)


def _softplus(x: arb) -> arb:
    return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()


def _logaddexp(a: arb, b: arb) -> arb:
    return a + _softplus(b - a)


def _sigmoid(x: arb) -> arb:
    return 1 / (1 + (-x).exp()) if x > 0 else x.exp() / (1 + x.exp())


def _less(a: arb, b: arb) -> Truth:
    return True if a < b else False if a >= b else None


def _at_most(a: arb, b: arb) -> Truth:
    return True if a <= b else False if a > b else None


def _equal(a: arb, b: arb) -> Truth:
    return True if a == b else False if a != b else None


def _not(a: Truth) -> Truth:
    return None if a is None else not a


def _and(a: Truth, b: Truth) -> Truth:
    if a is False or b is False:
        return False
    return True if a and b else None


def _or(a: Truth, b: Truth) -> Truth:
    return _not(_and(_not(a), _not(b)))


def _where(condition: Truth, a: arb, b: arb) -> arb:
    return a.union(b) if condition is None else a if condition else b


_TABLE: dict[str, Callable[..., arb | Truth]] = {
    "e": arb.const_e,
    "pi": arb.pi,
    "e**": arb.exp,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "negative": operator.neg,
    "abs": abs,
    "exp": arb.exp,
    "expm1": arb.expm1,
    "log": arb.log,
    "log1p": arb.log1p,
    "sqrt": arb.sqrt,
    "sinh": arb.sinh,
    "cosh": arb.cosh,
    "tanh": arb.tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "logaddexp": _logaddexp,
    "max": arb.max,
    "min": arb.min,
    "where": _where,
    "<": _less,
    "<=": _at_most,
    "==": _equal,
    "!=": lambda a, b: _not(_equal(a, b)),
    "and": _and,
    "or": _or,
    "not": _not,
}
