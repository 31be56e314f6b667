"""Formulas that are passed around for the derivatives of Mish."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb

from mish import reference
from mish._truth.balls import working_bits
from mish.facts.claims._types import PROVED, Claim

_PLACES = (-2, -1, 0, 1, 2)


def sech_of_x() -> Claim:
    """sech²(x)·[x·tanh(ln(1 + eˣ)) + tanh(ln(1 + e⁻ˣ)) − 1]."""

    def formula(x: arb) -> arb:
        gate, mirrored = (_softplus(x)).tanh(), (_softplus(-x)).tanh()
        return x.sech() ** 2 * (x * gate + mirrored - 1)

    return _judge(
        "derivative-sech",
        "The derivative is sech²(x)·[x·tanh(ln(1+eˣ)) + tanh(ln(1+e⁻ˣ)) − 1]",
        formula,
        1,
    )


def squared_denominator() -> Claim:
    """The right formula but for a square on 1 + eˣ."""

    def formula(x: arb) -> arb:
        e = x.exp()
        return _softplus(x).tanh() + x * e / (e + 1) ** 2 / _softplus(x).cosh() ** 2

    return _judge(
        "derivative-square",
        "The derivative is tanh(ln(1+eˣ)) + x·eˣ/(eˣ+1)²/cosh²(ln(1+eˣ))",
        formula,
        1,
        " Without the square on eˣ + 1 it is right: the derivative of ln(1+eˣ) is eˣ/(eˣ+1).",
    )


def second() -> Claim:
    """A second derivative in tanh(x) and sech(x)."""

    def formula(x: arb) -> arb:
        t, s = x.tanh(), x.sech()
        return (s**2 + x * t * s**2) * (1 + x * t) - 2 * (x * s) ** 2 * t

    return _judge(
        "second-derivative",
        "The second derivative is (sech²x + x·tanh x·sech²x)(1 + x·tanh x) − 2(x·sech x)²·tanh x",
        formula,
        2,
    )


def _softplus(x: arb) -> arb:
    return x.exp().log1p()


def _judge(
    name: str, text: str, formula: Callable[[arb], arb], order: int, remark: str = ""
) -> Claim:
    """Compare at whole numbers; disjoint enclosures refute, the farthest apart is told."""
    with working_bits(128):
        pairs = {x: (formula(arb(x)), reference.ball(arb(x), order)) for x in _PLACES}
        apart = {x: abs(said - truth) for x, (said, truth) in pairs.items()}
        wrong = any(said < truth or said > truth for said, truth in pairs.values())
    worst = max(_PLACES, key=lambda x: float(apart[x]))
    said, truth = (float(each) for each in pairs[worst])
    reason = (
        f"At x = {worst} it gives {said:.6f}; derivative {order} is {truth:.6f}.{remark}"
        if wrong
        else f"It agrees with derivative {order} at x = {_PLACES}."
    )
    return Claim(
        name,
        text,
        "false" if wrong else "true",
        reason.replace("-", "−"),
        {"x": worst, "claimed": said, "exact": truth},
        PROVED,
    )
