"""Means over a standard normal z, certified: moments, slopes, Hermite coefficients.

Arb's integral (Petras' algorithm, with bounds for analytic functions) encloses them over [−R, R].
Beyond, |f| ≤ |x| + 1, |f′| ≤ 2 and |Heₙ| ≤ (|x| + n)ⁿ, so that no integrand here is above
(2|x|)⁸·φ(x); and ∫ x⁸φ from R on is at most R⁸·φ(R).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from flint import acb, arb, fmpq

from mish._truth.balls import working_bits
from mish.facts._types import Enclosure, Fact

_BITS = 110
_END = 16  # R
_HERMITE = 6

Function: TypeAlias = Callable[[acb, bool], acb]


class Piece(NamedTuple):
    """An analytic part of an activation, and its slope."""

    low: int
    high: int
    f: Function
    slope: Function


def _whole(f: Function, slope: Function) -> tuple[Piece, ...]:
    return (Piece(-_END, _END, f, slope),)


def _gate(x: acb) -> acb:
    return 1 / (1 + (-x).exp())


def _mish(x: acb, _: bool) -> acb:
    e = x.exp()
    n = e * (e + 2)
    return x * n / (n + 2)


def _mish_slope(x: acb, _: bool) -> acb:
    e = x.exp()
    d = e * e + 2 * e + 2
    return (e * e + 2 * e) / d + x * 4 * e * (e + 1) / (d * d)


def _silu_slope(x: acb, _: bool) -> acb:
    s = _gate(x)
    return s * (1 + x * (1 - s))


def _normal_gate(x: acb) -> acb:
    return (1 + (x / acb(2).sqrt()).erf()) / 2


def _density(x: acb) -> acb:
    return (-x * x / 2).exp() / (2 * acb.pi()).sqrt()


def _cubic(x: acb) -> acb:
    return (8 / acb.pi()).sqrt() * (x + acb(fmpq(44715, 10**6)) * x**3)


def _cubic_slope(x: acb) -> acb:
    return (8 / acb.pi()).sqrt() * (1 + 3 * acb(fmpq(44715, 10**6)) * x**2)


def _gelu_tanh_slope(x: acb, _: bool) -> acb:
    s = _gate(_cubic(x))
    return s * (1 + x * _cubic_slope(x) * (1 - s))


def _one(x: acb, _: bool) -> acb:
    return acb(1)


def _none(x: acb, _: bool) -> acb:
    return acb(0)


def _x(x: acb, _: bool) -> acb:
    return x


PIECES: dict[str, tuple[Piece, ...]] = {
    "mish": _whole(_mish, _mish_slope),
    "silu": _whole(lambda x, _: x * _gate(x), _silu_slope),
    "gelu": _whole(
        lambda x, _: x * _normal_gate(x), lambda x, _: _normal_gate(x) + x * _density(x)
    ),
    "gelu_tanh": _whole(lambda x, _: x * _gate(_cubic(x)), _gelu_tanh_slope),
    "softplus": _whole(lambda x, analytic: (1 + x.exp()).log(analytic), lambda x, _: _gate(x)),
    "elu": (
        Piece(-_END, 0, lambda x, _: x.exp() - 1, lambda x, _: x.exp()),
        Piece(0, _END, _x, _one),
    ),
    "hard_swish": (
        Piece(-3, 3, lambda x, _: x * (x + 3) / 6, lambda x, _: (2 * x + 3) / 6),
        Piece(3, _END, _x, _one),
    ),
    "relu": (Piece(0, _END, _x, _one),),
}
"""Where an activation is 0 there is no piece."""


@functools.cache
def mean(activation: str, f_power: int, slope_power: int, hermite: int) -> arb:
    """Enclose E[f(z)ᵃ·f′(z)ᵇ·heₙ(z)] over a standard normal z; heₙ = Heₙ/√n!."""
    with working_bits(_BITS + 30):
        total = arb(0)
        for piece in PIECES[activation]:

            def integrand(x: acb, analytic: bool, piece: Piece = piece) -> acb:
                value = _density(x) * _he(hermite, x)
                for _ in range(f_power):
                    value *= piece.f(x, analytic)
                for _ in range(slope_power):
                    value *= piece.slope(x, analytic)
                return value

            total += acb.integral(integrand, piece.low, piece.high).real
        end = arb(_END)
        beyond = 2 * (2 * end) ** 8 * (-end * end / 2).exp()
        enclosed: arb = total + arb(0, beyond.upper())
    return enclosed


def _he(n: int, x: acb) -> acb:
    """The normalised Hermite polynomial of probability theory."""
    before, current = acb(0), acb(1)
    for k in range(n):
        before, current = current, x * current - k * before
    return current / acb(arb.fac_ui(n)).sqrt()


def normal(activation: str) -> list[Fact]:
    """Give the means that the theory of deep networks asks for."""
    with working_bits(_BITS):
        first, second = mean(activation, 1, 0, 0), mean(activation, 2, 0, 0)
        slope, slopes = mean(activation, 0, 1, 0), mean(activation, 0, 2, 0)
        hermite = [mean(activation, 1, 0, n) for n in range(_HERMITE)]
        gain = 1 / second.sqrt()
        values = {
            "mean": first,
            "second_moment": second,
            "variance": second - first * first,
            "mean_slope": slope,
            "mean_square_slope": slopes,
            "gain": gain,
        }
    statements = {
        "mean": ("E[f(z)] = {value}", "f(x)"),
        "second_moment": ("E[f(z)²] = {value}", "f(x)**2"),
        "variance": ("Var f(z) = {value}", ""),
        "mean_slope": ("E[f′(z)] = {value}", "Derivative(f(x), x)"),
        "mean_square_slope": ("E[f′(z)²] = {value}", "Derivative(f(x), x)**2"),
        "gain": ("1/√E[f(z)²] = {value}, the gain that keeps a layer's variance", ""),
    }
    method = f"Arb's rigorous integration over [−{_END}, {_END}], and a bound of what is beyond"
    density = "exp(-x**2/2)/sqrt(2*pi)"
    facts = []
    for name, (statement, integrand) in statements.items():
        form = f"Eq(Integral({integrand}*{density}, (x, -oo, oo)), value)" if integrand else ""
        number = {"value": Enclosure.of(values[name])}
        facts.append(Fact(name, statement, method, number, "z standard normal", form))
    parts = ", ".join(f"{{a{n}}}" for n in range(_HERMITE))
    form = " & ".join(
        f"Eq(Integral(f(x)*({_polynomial(n)})*{density}, (x, -oo, oo))/sqrt(factorial({n})), a{n})"
        for n in range(_HERMITE)
    )
    numbers = {f"a{n}": Enclosure.of(each) for n, each in enumerate(hermite)}
    statement = f"f = Σ aₙheₙ in the mean, heₙ = Heₙ/√n!, with a₀ … a₅ = {parts}"
    facts.append(Fact("hermite", statement, method, numbers, "z standard normal", form))
    return facts


def _polynomial(n: int) -> str:
    return ("1", "x", "x**2 - 1", "x**3 - 3*x", "x**4 - 6*x**2 + 3", "x**5 - 10*x**3 + 15*x")[n]
