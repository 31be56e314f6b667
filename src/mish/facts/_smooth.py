"""Smooth activations in ball arithmetic: their derivatives anywhere, their signs in the tails.

Each tends to 0 on the left and to x on the right. To say that a derivative has no zero beyond
some place, a tail is written in a small quantity. Take Mish: on the left, with w = eˣ, it is
x·T(w) with T = w·R(w), R = (w + 2)/(w² + 2w + 2). As d/dx acts on functions of w as D = w·d/dw,
and D(wᵐR) = wᵐ(D + m)R,

    f⁽ᵏ⁾ = wᵐ·Σⱼ pₖⱼ(x)·(D + m)ʲR(w),     pₖ₊₁,ⱼ = pₖⱼ′ + u′·pₖ,ⱼ₋₁,    p₀₀ = x,

for w = exp(u(x)) with a polynomial u, here u = x. Divided by x to the highest power there, the
sum is a function of w and 1/x. Both lie in small intervals around 0 for all x beyond some place,
an infinite range, and an enclosure over these intervals that excludes 0 proves the sign on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from flint import arb, arb_poly, arb_series, fmpq

from mish import reference
from mish._truth.balls import working_terms
from mish.facts._roots import sign

LEFT, RIGHT = -1, 1

_X = arb_poly([0, 1])
_ONE = arb_poly([1])


class Bound(NamedTuple):
    """How near a function is to its limit on one side of 0, for every x there."""

    statement: str
    proof: str


class Smooth(ABC):
    """An activation with derivatives of every order."""

    name: ClassVar[str]
    label: ClassVar[str]
    formula: ClassVar[str]
    smoothness: ClassVar[str]
    asymptotes: ClassVar[dict[int, Bound]]
    positive: ClassVar[bool] = False
    """Whether it is positive everywhere; else it is x times something positive."""
    symmetric: ClassVar[bool] = True
    """Whether f(x) − f(−x) = x; then the derivatives of orders 3, 5, … are odd functions."""

    @abstractmethod
    def derivative(self, x: arb, order: int) -> arb:
        """Enclose a derivative over a ball, at the working precision."""

    @abstractmethod
    def _vanishing_sign(self, order: int, side: int, start: float) -> int:
        """Give the sign of a derivative that tends to 0 on that side, 0 if unsure."""

    def tail_sign(self, order: int, side: int, start: float) -> int:
        """Give the sign that a derivative keeps beyond ``side * start``, or 0 if unsure.

        On the right the slope tends to 1, monotonically if the second derivative keeps its
        sign: then it is positive if it is so at the start.
        """
        if order == 0:
            return RIGHT if self.positive else side
        if order == 1 and side == RIGHT:
            monotonic = self._vanishing_sign(2, side, start) != 0
            return int(monotonic and self.derivative(arb(start), 1) > 0)
        return self._vanishing_sign(order, side, start)


class _Gate(NamedTuple):
    """A tail: factor(x)·wᵐ·rest(w), with w = exp(exponent(x)) monotonic and small there."""

    power: int  # m
    rest: Callable[[arb_series], arb_series]
    exponent: arb_poly = _X
    factor: arb_poly = _X

    def sign(self, order: int, start: float) -> int:
        """Give the sign of the derivative from ``start`` on, away from 0; 0 if unsure."""
        polynomials = self._polynomials(order)
        degree = max(each.degree() for each in polynomials)
        w = arb(0).union(self.exponent(arb(start)).exp().upper())
        z = arb(0).union(1 / arb(start))
        with working_terms(order + 2):
            near = arb_series([w, 1])
            rest = self.rest(near)
            total = arb(0)
            for each in polynomials:
                in_z = [arb(0)] * (degree - each.degree()) + each.coeffs()[::-1]
                total += arb_poly(in_z)(z) * rest[0]
                rest = near * rest.derivative() + self.power * rest
        return -sign(total) if start < 0 and degree % 2 else sign(total)

    def _polynomials(self, order: int) -> list[arb_poly]:
        """Give pₖⱼ for j = 0, …, k."""
        slope = self.exponent.derivative()
        row, zero = [self.factor], arb_poly([])
        for _ in range(order):
            row = [
                left.derivative() + slope * right
                for left, right in zip([*row, zero], [zero, *row], strict=True)
            ]
        return row


class _Gated(Smooth):
    """An activation whose tails are gates."""

    _from: ClassVar[int] = 0  # the order of the derivative that the gates describe

    @abstractmethod
    def _gate(self, side: int) -> _Gate:
        """Describe f on the left and x − f on the right, or their derivatives."""

    def _vanishing_sign(self, order: int, side: int, start: float) -> int:
        return -side * self._gate(side).sign(order - self._from, side * start)


class Mish(_Gated):
    """x·tanh(ln(1 + eˣ))."""

    name, label, formula = "mish", "Mish", "x·tanh(ln(1 + eˣ))"
    smoothness = "analytic; the nearest poles lie at ln √2 ± 3πi/4"
    symmetric = False
    asymptotes: ClassVar = {
        LEFT: Bound("|f| < |x|·eˣ", "f = x·w(w + 2)/(w² + 2w + 2), w = eˣ"),
        RIGHT: Bound("0 < x − f < 2x·e⁻²ˣ", "x − f = x·2w²/(1 + 2w + 2w²), w = e⁻ˣ"),
    }

    def derivative(self, x: arb, order: int) -> arb:
        """Enclose a derivative over a ball, at the working precision."""
        return reference.ball(x, order)

    def _gate(self, side: int) -> _Gate:
        if side == LEFT:
            return _Gate(1, lambda w: (w + 2) / (w * w + 2 * w + 2))
        return _Gate(2, lambda w: 2 / (1 + 2 * w + 2 * w * w), -_X)


class _BySeries(Smooth):
    """An activation whose derivatives are taken from a power series of balls."""

    @abstractmethod
    def _apply(self, x: arb_series) -> arb_series:
        """Apply the function to a series."""

    def derivative(self, x: arb, order: int) -> arb:
        """Enclose a derivative over a ball, at the working precision."""
        with working_terms(order + 1):
            try:
                coefficient: arb = self._apply(arb_series([x, 1]))[order]
            except ValueError:  # a division by a ball that holds 0, as x is too wide
                return arb.nan()
        return coefficient * arb.fac_ui(order)


class SiLU(_BySeries, _Gated):
    """x·σ(x)."""

    name, label, formula = "silu", "SiLU (Swish)", "x/(1 + e⁻ˣ)"
    smoothness = "analytic; the nearest poles lie at ±πi"
    asymptotes: ClassVar = {
        LEFT: Bound("|f| < |x|·eˣ", "f = x·w/(1 + w), w = eˣ"),
        RIGHT: Bound("0 < x − f < x·e⁻ˣ", "x − f = x·w/(1 + w), w = e⁻ˣ"),
    }

    def _apply(self, x: arb_series) -> arb_series:
        return x * _sigmoid(x)

    def _gate(self, side: int) -> _Gate:
        return _Gate(1, lambda w: 1 / (1 + w), -side * _X)


class GELUTanh(_BySeries, _Gated):
    """GELU's approximation by tanh, which is x times a sigmoid of a cubic."""

    name, label = "gelu_tanh", "GELU (tanh)"
    formula = "x·(1 + tanh(√(2/π)·(x + 0.044715x³)))/2"
    smoothness = "analytic on the line; poles off it"
    asymptotes: ClassVar = {
        LEFT: Bound("|f| < |x|·eᵘ, u = √(8/π)(x + 0.044715x³)", "f = x·w/(1 + w), w = eᵘ"),
        RIGHT: Bound("0 < x − f < x·e⁻ᵘ, the same u", "x − f = x·w/(1 + w), w = e⁻ᵘ"),
    }

    def _apply(self, x: arb_series) -> arb_series:
        cubic = self._exponent()
        return x * _sigmoid(cubic[1] * x + cubic[3] * x * x * x)

    def _gate(self, side: int) -> _Gate:
        return _Gate(1, lambda w: 1 / (1 + w), -side * self._exponent())

    @staticmethod
    def _exponent() -> arb_poly:
        scale = (8 / arb.pi()).sqrt()
        return arb_poly([0, scale, 0, scale * fmpq(44715, 10**6)])


class Softplus(_BySeries, _Gated):
    """ln(1 + eˣ)."""

    name, label, formula = "softplus", "softplus", "ln(1 + eˣ)"
    smoothness = "analytic; the nearest branch points lie at ±πi"
    positive = True
    asymptotes: ClassVar = {
        LEFT: Bound("0 < f < eˣ", "ln(1 + w) < w, w = eˣ"),
        RIGHT: Bound("0 < f − x < e⁻ˣ", "f − x = ln(1 + w) < w, w = e⁻ˣ"),
    }
    _from = 1

    def _apply(self, x: arb_series) -> arb_series:
        return (1 + x.exp()).log()

    def _gate(self, side: int) -> _Gate:
        return _Gate(1, lambda w: 1 / (1 + w), -side * _X, _ONE)


class GELU(_BySeries):
    """x·Φ(x), with the normal distribution function Φ and density φ.

    f″ = φ·(2 − x²), and each further derivative multiplies φ by P′ − x·P.
    """

    name, label, formula = "gelu", "GELU (erf)", "x·(1 + erf(x/√2))/2"
    smoothness = "entire: analytic in the whole complex plane"
    asymptotes: ClassVar = {
        LEFT: Bound("|f| < φ(x), the normal density", "Mills' ratio: Φ(−t) < φ(t)/t"),
        RIGHT: Bound("0 < x − f < φ(x)", "x − f = x·Φ(−x), Mills' ratio"),
    }

    def _apply(self, x: arb_series) -> arb_series:
        return x * (1 + (x / arb(2).sqrt()).erf()) / 2

    def _vanishing_sign(self, order: int, side: int, start: float) -> int:
        # below order 2: monotonic from the limit 0 at −∞, in the direction of the next sign
        polynomial = arb_poly([2, 0, -1])
        for _ in range(order - 2):
            polynomial = polynomial.derivative() - _X * polynomial
        degree = polynomial.degree()
        inverted = arb_poly(polynomial.coeffs()[::-1])
        found = sign(inverted(arb(0).union(1 / arb(side * start))))
        return -found if side < 0 and degree % 2 else found


def _sigmoid(x: arb_series) -> arb_series:
    return 1 / (1 + (-x).exp())


SMOOTH: dict[str, Smooth] = {
    each.name: each for each in (Mish(), SiLU(), GELU(), GELUTanh(), Softplus())
}
