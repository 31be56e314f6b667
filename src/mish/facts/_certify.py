"""The facts of a smooth activation, certified."""

from __future__ import annotations

import functools
from typing import NamedTuple

from flint import arb

from mish._truth.balls import working_bits
from mish.facts._roots import Zero, zeros
from mish.facts._smooth import LEFT, RIGHT, Smooth
from mish.facts._types import Enclosure, Fact, Facts, collect

_BITS = 144  # of the zeros' enclosures
_PRIMES = ("f", "f′", "f″", "f‴")


class Zeros(NamedTuple):
    """All zeros of a derivative, and the signs that it keeps beyond them."""

    zeros: tuple[Zero, ...]
    left_sign: int
    right_sign: int
    method: str


class Turn(NamedTuple):
    """A place where a derivative is stationary, and its value there."""

    place: Enclosure
    value: Enclosure
    minimum: bool


@functools.lru_cache(maxsize=256)
def zeros_of(activation: Smooth, order: int) -> Zeros:
    """Find all zeros of a derivative on the whole line.

    Raises:
        ArithmeticError: some place stays undecided.
    """
    f = _prime(order)
    if order == 0:
        if activation.positive:
            return Zeros((), 1, 1, "f is positive, by its formula")
        return Zeros((Zero(arb(0), True),), -1, 1, "f = x·T(x) with T positive, by its formula")
    start, left, right = 2.0, 0, 0
    while not (left and right):
        start *= 2
        if start > 2**12:
            raise ArithmeticError(f"the tails of derivative {order} are not decided")
        left, right = (activation.tail_sign(order, side, start) for side in (LEFT, RIGHT))
    f0, f1, f2 = (functools.partial(activation.derivative, order=order + k) for k in range(3))
    cover = zeros(
        f0,
        f1,
        f2,
        -start,
        start,
        _BITS,
    )
    found = cover.zeros
    if activation.symmetric and order % 2 and order > 1:  # an odd function
        found = tuple(
            Zero(arb(0), zero.rising) if zero.place.contains(0) else zero for zero in found
        )
    count = f"{cover.pieces - len(cover.zeros)} of the intervals that cover [−{start:g}, {start:g}]"
    alone = (
        f"; around each zero {_prime(order + 1)} ≠ 0 and {f} changes sign" if cover.zeros else ""
    )
    method = f"{f} ≠ 0 on {count}{alone}; beyond, a series in the tail keeps {f} off 0"
    return Zeros(found, left, right, method)


@functools.lru_cache(maxsize=256)
def turns_of(activation: Smooth, order: int) -> tuple[Turn, ...]:
    """Find all local extrema of a derivative, from left to right."""
    found = []
    for zero in zeros_of(activation, order + 1).zeros:
        with working_bits(2 * _BITS):
            value = activation.derivative(zero.place, order)
        found.append(Turn(Enclosure.of(zero.place), Enclosure.of(value), zero.rising))
    return tuple(found)


def certify(activation: Smooth) -> Facts:
    """State and prove the facts of a smooth activation."""
    facts = [
        _zeros(activation),
        _minimum(activation),
        _signs(activation, 1, "monotonicity", "increasing", "decreasing"),
        _turns(activation, 1, "inflections", "inflection: f′ has no extremum"),
        _signs(activation, 2, "convexity", "convex", "concave"),
        _turns(activation, 2, "curvature_extrema", "extremum of f″"),
        _largest(activation, 1, "lipschitz"),
        _largest(activation, 2, "lipschitz_of_slope"),
        *(
            _range(activation, order, name)
            for order, name in enumerate(("range", "slope_range", "curvature_range"))
        ),
        _asymptote(activation, LEFT, "left", "f → 0 as x → −∞"),
        _asymptote(activation, RIGHT, "right", "f − x → 0 as x → ∞"),
        _at_zero(activation),
        Fact("smoothness", activation.smoothness, "by the formula"),
    ]
    return collect(activation.name, activation.label, activation.formula, facts)


def _zeros(activation: Smooth) -> Fact:
    found = zeros_of(activation, 0)
    if not found.zeros:
        return Fact("zeros", "none", found.method)
    (zero,) = found.zeros
    return Fact(
        "zeros",
        "x = {x}, the only zero",
        found.method,
        {"x": Enclosure.of(zero.place)},
        form="Equivalent(Eq(f(t), 0), Eq(t, x))",
    )


def _minimum(activation: Smooth) -> Fact:
    method = zeros_of(activation, 1).method
    turns = turns_of(activation, 0)
    if not turns:
        return Fact("minimum", "none: f increases from its limit 0", method)
    (turn,) = turns
    return Fact(
        "minimum",
        "f = {value} at x = {x}, the only stationary point",
        method,
        {"x": turn.place, "value": turn.value},
        form="Eq(f(x), value) & Equivalent(Eq(Derivative(f(t), t), 0), Eq(t, x)) & Ge(f(t), value)",
    )


def _signs(activation: Smooth, order: int, name: str, positive: str, negative: str) -> Fact:
    found = zeros_of(activation, order)
    ends = ["−∞", *(f"{{x{i}}}" for i in range(len(found.zeros))), "∞"]
    signs = [*(-1 if zero.rising else 1 for zero in found.zeros), found.right_sign]
    parts = [
        f"{positive if each > 0 else negative} on ({low}, {high})"
        for each, low, high in zip(signs, ends, ends[1:], strict=False)
    ]
    numbers = {f"x{i}": Enclosure.of(zero.place) for i, zero in enumerate(found.zeros)}
    return Fact(name, ", ".join(parts), found.method, numbers)


def _turns(activation: Smooth, order: int, name: str, missing: str) -> Fact:
    turns = turns_of(activation, order)
    f = _prime(order)
    parts: list[str] = []
    numbers: dict[str, Enclosure] = {}
    for i, turn in enumerate(turns):
        kind = "minimum" if turn.minimum else "maximum"
        parts.append(f"x = {{x{i}}} ({kind} of {f}, {{value{i}}})")
        numbers |= {f"x{i}": turn.place, f"value{i}": turn.value}
    statement = "; ".join(parts) if parts else f"no {missing}"
    form = " & ".join(
        f"Eq({_derivative(order, f'x{i}')}, value{i}) & Eq({_derivative(order + 1, f'x{i}')}, 0)"
        for i in range(len(turns))
    )
    return Fact(name, statement, zeros_of(activation, order + 1).method, numbers, form=form)


def _largest(activation: Smooth, order: int, name: str) -> Fact:
    """Give the least Lipschitz constant of the derivative below: the supremum of |f⁽ᵏ⁾|."""
    f = _prime(order)
    limit = abs(_limit(order, RIGHT))
    method = f"the largest of |{f}| at its extrema and of its limits 0 and {limit:g}"
    best = max(turns_of(activation, order), key=lambda turn: abs(float(turn.value)), default=None)
    if best is None or abs(float(best.value)) <= limit:
        exact = Enclosure.of(int(limit))
        form = f"Le(Abs({_derivative(order, 't')}), value)"
        statement = f"{{value}}, the limit of |{f}| at ∞"
        return Fact(name, statement, method, {"value": exact}, form=form)
    size = best.value if best.value.low > 0 else Enclosure(-best.value.high, -best.value.low)
    numbers = {"value": size, "x": best.place}
    anywhere, there = _derivative(order, "t"), _derivative(order, "x")
    form = f"Le(Abs({anywhere}), value) & Eq(Abs({there}), value)"
    return Fact(name, f"{{value}}, reached by |{f}| at x = {{x}}", method, numbers, form=form)


def _range(activation: Smooth, order: int, name: str) -> Fact:
    f = _prime(order)
    turns = turns_of(activation, order)
    limits = [_limit(order, LEFT), _limit(order, RIGHT)]
    lowest = min(turns, key=lambda turn: float(turn.value), default=None)
    highest = max(turns, key=lambda turn: float(turn.value), default=None)
    numbers = {}
    low, high = f"({min(limits):g}", f"{max(limits):g})".replace("inf", "∞")
    if lowest and float(lowest.value) < min(limits):
        low, numbers["low"] = "[{low}", lowest.value
    if highest and float(highest.value) > max(limits):
        high, numbers["high"] = "{high}]", highest.value
    method = f"{f} is monotonic between its extrema and its limits, {limits[0]:g} and {limits[1]:g}"
    at = _derivative(order, "t")
    ends = (
        "low" if "low" in numbers else min(limits),
        "high" if "high" in numbers else max(limits),
    )
    form = f"Le({ends[0]}, {at}) & Le({at}, {ends[1]})".replace("inf", "oo")
    return Fact(name, f"{low}, {high}", method.replace("inf", "∞"), numbers, form=form)


def _asymptote(activation: Smooth, side: int, name: str, limit: str) -> Fact:
    bound = activation.asymptotes[side]
    where = "x < 0" if side == LEFT else "x > 0"
    return Fact(name, f"{limit}; for {where}: {bound.statement}", bound.proof)


def _at_zero(activation: Smooth) -> Fact:
    with working_bits(2 * _BITS):
        values = [activation.derivative(arb(0), order) for order in range(3)]
    numbers = {f"value{order}": Enclosure.of(value) for order, value in enumerate(values)}
    statement = "f(0) = {value0}, f′(0) = {value1}, f″(0) = {value2}"
    form = " & ".join(f"Eq({_derivative(order, '0')}, value{order})" for order in range(3))
    return Fact("at_zero", statement, "enclosed by ball arithmetic", numbers, form=form)


def _derivative(order: int, at: str) -> str:
    """Write a derivative at a place, for machines."""
    return f"Subs(Derivative(f(z), (z, {order})), z, {at})" if order else f"f({at})"


def _limit(order: int, side: int) -> float:
    if side == LEFT or order > 1:
        return 0.0
    return 1.0 if order else float("inf")


def _prime(order: int) -> str:
    return _PRIMES[order] if order < len(_PRIMES) else f"f⁽{order}⁾".translate(_SUPERSCRIPTS)


_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
