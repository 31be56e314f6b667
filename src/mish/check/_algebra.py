"""Expressions as rational functions of x and u = exp(x/m): two are equal only if they are one.

x and u are algebraically independent over the rationals, on any interval: so two of these
functions that agree on an interval are one fraction of polynomials, and to compare the fractions
proves or disproves that the expressions agree. Logarithms are carried along as a sum of rational
functions times logarithms of rational functions, which exp, tanh and the logistic function undo:

    exp(q·x + Σ nₖ·log Pₖ) = u^(m·q)·Π Pₖ^nₖ,   tanh y = (E² − 1)/(E² + 1) with E = exp(y).

A program is followed on a piece of the line: an open interval on which every condition in it has
one truth value, or a single point. A condition compares things whose difference is a straight line
with rational coefficients; where that crosses 0 is where pieces end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sympy.polys.domains import QQ  # type: ignore[import-untyped]
from sympy.polys.fields import field as _field  # type: ignore[import-untyped]

from mish.check._program import TRUTHS, Program, Step
from mish.check._rational import (
    MOST_BITS,
    Rational,
    Undecided,
    domain,
    lowest,
    multiplied,
    raised,
)

_MOST_POWER = 64
_MOST_ROOT = 12  # the largest m


class Undefined(Exception):
    """The expression has no value there; the text says why."""


class FinerRoot(Exception):
    """Exponentials of x/m with a larger m are needed.

    Attributes:
        root: that m.
    """

    def __init__(self, root: int) -> None:
        super().__init__(root)
        self.root = root


@dataclass(frozen=True)
class Piece:
    """A part of the line: one point, or all between two neighbouring breaks.

    Attributes:
        low: where it begins, None for −∞.
        high: where it ends, None for ∞; equal to ``low`` for a single point.
    """

    low: Fraction | None
    high: Fraction | None

    @property
    def is_point(self) -> bool:
        """Whether it is a single point."""
        return self.low is not None and self.low == self.high

    @property
    def inside(self) -> Fraction:
        """A number in it."""
        if self.low is None:
            return Fraction(0) if self.high is None else self.high - 1
        return self.low + 1 if self.high is None else (self.low + self.high) / 2


@dataclass
class Value:
    """``plain`` + Σ coefficient·log P."""

    plain: Rational
    logs: dict[Rational, Rational] = field(default_factory=dict)


class Algebra:
    """The rational functions of x and exp(x/root), and programs as such."""

    def __init__(self, root: int = 1) -> None:
        self._root = root
        self.field, self.x, self.u = _field("x,u", QQ)

    def mish(self, order: int) -> Rational:
        """A derivative of Mish: x·T with T = e(e + 2)/(e² + 2e + 2), differentiated."""
        e = self.u**self._root
        found = self.x * e * (e + 2) / (e**2 + 2 * e + 2)
        for _ in range(order):
            found = found.diff(self.x) + found.diff(self.u) * self.u / self._root
        return found

    def value(self, program: Program, piece: Piece, breaks: set[Fraction]) -> Rational:
        """Follow a program on a piece.

        Args:
            program: what to follow.
            piece: where; it has no break of the program inside, if all are known.
            breaks: gets the zeros of the conditions and of divisors that were met.

        Raises:
            FinerRoot, Undecided, Undefined: see there.
        """
        results: list[Value | bool | Undecided | Undefined] = []
        for step in program.steps:
            try:
                results.append(self._step(step, results, piece, breaks))
            except (Undecided, Undefined) as problem:
                results.append(problem)
        last = _sound(results[-1])
        assert isinstance(last, Value)
        if last.logs:
            raise Undecided("a logarithm is left over")
        return last.plain

    def at(self, value: Rational, point: Fraction) -> tuple[Any, Any]:
        """Numerator and denominator at a point; exp of it stays a letter, but exp(0) is 1."""
        sides = []
        for side in (value.numer, value.denom):
            there = side.evaluate(self.x.numer, domain(point))
            sides.append(there.evaluate(there.ring.gens[0], 1) if point == 0 else there)
        return sides[0], sides[1]

    def _step(
        self,
        step: Step,
        results: list[Value | bool | Undecided | Undefined],
        piece: Piece,
        breaks: set[Fraction],
    ) -> Value | bool:
        if step.op == "where":
            chosen: Value = _sound(
                results[step.inputs[1 if _sound(results[step.inputs[0]]) else 2]]
            )
            return chosen
        inputs = [_sound(results[each]) for each in step.inputs]
        if step.op == "x":
            return Value(self.x)
        if step.op == "number":
            assert step.number is not None
            return Value(self._constant(step.number))
        if step.op in ("and", "or", "not"):
            return _LOGIC[step.op](*inputs)
        if step.op in TRUTHS:
            return _COMPARE[step.op](self._sign(_minus(*inputs), piece, breaks))
        if step.op in ("max", "min", "abs"):
            a, b = inputs if len(inputs) == 2 else (inputs[0], self._negative(inputs[0]))
            first = (self._sign(_minus(a, b), piece, breaks) >= 0) == (step.op != "min")
            return a if first else b
        return self._operation(step, inputs, piece, breaks)

    def _operation(
        self, step: Step, inputs: list[Any], piece: Piece, breaks: set[Fraction]
    ) -> Value:
        if step.op == "**":
            return self._power(inputs[0], inputs[1], piece, breaks)
        if step.op == "/":
            return self._quotient(inputs[0], inputs[1], piece, breaks)
        if step.op == "+":
            return _plus(*inputs)
        if step.op == "-":
            return _minus(*inputs)
        if step.op == "negative":
            return self._negative(inputs[0])
        if step.op == "*":
            return self._product(*inputs)
        one = self.field.one
        if step.op in ("log", "log1p"):
            return self._log(_plus(inputs[0], Value(one * int(step.op == "log1p"))), piece, breaks)
        if step.op == "logaddexp":
            return self._log(_plus(*(Value(self._exp(each)) for each in inputs)), piece, breaks)
        if step.op not in ("exp", "e**", "expm1", "sigmoid", "softplus", "tanh", "sinh", "cosh"):
            raise Undecided(f"{step.text}: {step.op} is beyond the algebra of x and eˣ")
        e = self._exp(inputs[0])
        if step.op == "softplus":
            return self._log(Value(1 + e), piece, breaks)
        return Value(
            {
                "exp": lambda: e,
                "e**": lambda: e,
                "expm1": lambda: e - 1,
                "sigmoid": lambda: e / (1 + e),
                "tanh": lambda: (raised(e, 2) - 1) / (raised(e, 2) + 1),
                "sinh": lambda: (e - 1 / e) / 2,
                "cosh": lambda: (e + 1 / e) / 2,
            }[step.op]()
        )

    def _constant(self, number: Fraction) -> Rational:
        if max(number.numerator.bit_length(), number.denominator.bit_length()) > MOST_BITS:
            raise Undecided("a number is too long for the algebra")
        return self.field.one * domain(number)

    def _negative(self, value: Value) -> Value:
        return self._product(Value(-self.field.one), value)

    def _product(self, a: Value, b: Value) -> Value:
        if a.logs and b.logs:
            raise Undecided("a product of logarithms")
        if a.logs:
            a, b = b, a
        logs = {inside: multiplied(a.plain, factor) for inside, factor in b.logs.items()}
        return _tidy(Value(multiplied(a.plain, b.plain), logs))

    def _quotient(self, a: Value, b: Value, piece: Piece, breaks: set[Fraction]) -> Value:
        if b.logs:
            raise Undecided("a division by a logarithm")
        self._see_nonzero(b.plain, piece, breaks)
        return self._product(a, Value(1 / b.plain))

    def _power(self, a: Value, b: Value, piece: Piece, breaks: set[Fraction]) -> Value:
        exponent = _as_number(b)
        if exponent is None or exponent.denominator != 1 or abs(exponent) > _MOST_POWER:
            raise Undecided("a power that is no small whole number")
        if exponent < 0:
            return self._power(
                self._quotient(Value(self.field.one), a, piece, breaks),
                Value(self._constant(-exponent)),
                piece,
                breaks,
            )
        if a.logs:
            raise Undecided("a power of a logarithm")
        return Value(raised(a.plain, int(exponent)))

    def _exp(self, value: Value) -> Rational:
        slope, rest = _line(value.plain)
        if rest:
            raise Undecided("an exponential of a constant")
        result = self._exponential(slope)
        for inside, factor in value.logs.items():
            times = _as_number(Value(factor))
            if times is None or times.denominator != 1 or abs(times) > _MOST_POWER:
                raise Undecided("a power that is no small whole number")
            result = multiplied(
                result, raised(inside if times > 0 else 1 / inside, abs(int(times)))
            )
        return result

    def _exponential(self, slope: Fraction) -> Rational:
        """exp(slope·x)."""
        power = slope * self._root
        if power.denominator != 1:
            root = math.lcm(self._root, slope.denominator)
            if root > _MOST_ROOT:
                raise Undecided(f"exp(x/{slope.denominator})")
            raise FinerRoot(root)
        if abs(power) > _MOST_POWER:
            raise Undecided(f"exp({slope}x)")
        return raised(self.u if power > 0 else 1 / self.u, abs(int(power)))

    def _log(self, value: Value, piece: Piece, breaks: set[Fraction]) -> Value:
        if self._sign(value, piece, breaks) <= 0:
            raise Undefined("a logarithm of what is not positive")
        inside = value.plain
        power = lowest(inside.numer) - lowest(inside.denom)  # u is a factor so often
        inside = inside * (raised(1 / self.u if power > 0 else self.u, abs(power)))
        plain = self.x * domain(Fraction(power, self._root))
        return Value(plain) if inside == 1 else Value(plain, {inside: self.field.one})

    def _see_nonzero(self, value: Rational, piece: Piece, breaks: set[Fraction]) -> None:
        """Note where a divisor is 0, if that can be known."""
        if value == 0:
            raise Undefined("a division by 0")
        if self._steady_sign(value, piece):
            return
        if piece.is_point:
            assert piece.low is not None
            if self.at(value, piece.low)[0] == 0:
                raise Undefined("a division by 0")
            return
        self._sign(Value(value), piece, breaks)

    def _sign(self, value: Value, piece: Piece, breaks: set[Fraction]) -> int:
        """The sign on a piece of what is straight, or of one sign by its coefficients."""
        if value.logs:
            raise Undecided("a logarithm or a condition of a logarithm")
        steady = self._steady_sign(value.plain, piece)
        if steady is not None:
            return steady
        slope, rest = _line(value.plain)
        breaks.add(-rest / slope)
        at = slope * piece.inside + rest
        return (at > 0) - (at < 0)

    def _steady_sign(self, value: Rational, piece: Piece) -> int | None:
        """The sign, if all coefficients have one where x is replaced by its distance from 0."""
        if value == 0:
            return 0
        if piece.is_point:
            assert piece.low is not None
            number = _as_number(Value(value)) if piece.low else None
            if piece.low == 0:
                top, bottom = self.at(value, piece.low)
                if not bottom:
                    return None
                number = Fraction(int(top.numerator), int(top.denominator)) / Fraction(
                    int(bottom.numerator), int(bottom.denominator)
                )
            if number is not None:
                return (number > 0) - (number < 0)
        side = -1 if piece.high is not None and piece.high <= 0 else 1
        known = side < 0 or (piece.low is not None and piece.low >= 0)
        signs = []
        for polynomial in (value.numer, value.denom):
            powers = [power for power, _ in polynomial.monoms()]
            if not known and (any(power % 2 for power in powers) or 0 not in powers):
                return None
            found = {
                (1 if coefficient > 0 else -1) * side**power
                for (power, _), coefficient in polynomial.terms()
            }
            if len(found) != 1:
                return None
            signs.append(found.pop())
        return int(signs[0] * signs[1])


def _sound(result: Value | bool | Undecided | Undefined) -> Any:
    if isinstance(result, Exception):
        raise result
    return result


def _plus(a: Value, b: Value) -> Value:
    logs = dict(a.logs)
    for inside, factor in b.logs.items():
        logs[inside] = logs.get(inside, 0 * factor) + factor
    return _tidy(Value(a.plain + b.plain, logs))


def _minus(a: Value, b: Value) -> Value:
    return _plus(a, Value(-b.plain, {inside: -factor for inside, factor in b.logs.items()}))


def _tidy(value: Value) -> Value:
    return Value(value.plain, {each: factor for each, factor in value.logs.items() if factor})


def _as_number(value: Value) -> Fraction | None:
    if value.logs or not value.plain.numer.is_ground or not value.plain.denom.is_ground:
        return None
    number = value.plain.numer.coeff(1) / value.plain.denom.coeff(1)
    return Fraction(int(number.numerator), int(number.denominator))


def _line(value: Rational) -> tuple[Fraction, Fraction]:
    """Slope and height at 0 of a straight line in x."""
    if not value.denom.is_ground:
        raise Undecided("what is compared, or in an exponential, is not a straight line in x")
    scale, found = value.denom.coeff(1), {0: Fraction(0), 1: Fraction(0)}
    for (power, of_u), coefficient in value.numer.terms():
        if of_u or power > 1:
            raise Undecided("what is compared, or in an exponential, is not a straight line in x")
        number = coefficient / scale
        found[power] = Fraction(int(number.numerator), int(number.denominator))
    return found[1], found[0]


_LOGIC: dict[str, Callable[..., bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
}
_COMPARE: dict[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    "==": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
}
