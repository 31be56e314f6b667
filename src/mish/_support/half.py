"""Mish for arithmetic in float16: the steps of the form ``float16``.

Each operator rounds to 11 bits, and most ways to write Mish add up several such errors, or
overflow. Here the last operator that errs adds a small number to one that is right: with r =
tanh(softplus(x)) and P a power of two near r, x r = x P + x P (r/P - 1), where x P is exact and the
second part is at most 0.5 of the first. So an error of that counts half at most. What r/P - 1 is:

- Left of -0.61, P = 2**j with j chosen such that r/P is from 0.75 to 1.5. With e = exp(x) and
  p = exp(t) - 1 for t = x - j ln 2, which a polynomial gives to more digits than exp(x) itself has,
  it is (p - e (1 - (1 + p)/2 + e/2)) / (1 + e + e**2/2). The products are 256 times as large, since
  P and exp(x) leave the normal numbers where Mish does not yet.
- From there to 0.35, P = 1/2 and a polynomial.
- To the right, P = 1 and -2 g / (1 + 2 e + 2 g) for e = exp(-x), g = e**2.

ln 2 is 0.6875 and a rest, so that j times the former is exact. The numbers are float16's own. They
were searched for such that every result is within 1 ulp: benchmarks/onnx/float16_search.py.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

Operand = str | float


class Line(NamedTuple):
    """A step with names.

    Attributes:
        name: Its result.
        op: Its operator, as ONNX names it.
        operands: Names of results, ``x`` for the argument, or constants.
    """

    name: str
    op: str
    operands: tuple[Operand, ...]


class Numbers(NamedTuple):
    """The constants.

    Attributes:
        left: Where the polynomial in x begins.
        right: Where it ends.
        log2_e: An octave of exp(x) in x.
        shift: j is smaller by this,
        bend: and by this times e: r is a little less than e.
        ln2: The logarithm of 2 in two parts.
        exp: exp(t) = 1 + t + t**2 (...), highest power first.
        middle: 2 r - 1 as a polynomial in x.
        fraction: What both sides of the fraction on the right are multiplied by: so it rounds best.
    """

    left: float = -0.609375
    right: float = 0.351806640625
    log2_e: float = 1.4423828125
    shift: float = 0.08502197265625
    bend: float = 0.43994140625
    ln2: tuple[float, float] = (0.6875, 0.005645751953125)
    exp: tuple[float, ...] = (0.0469970703125, 0.1671142578125, 0.5)
    middle: tuple[float, ...] = (
        *(0.01239776611328125, -0.0009822845458984375, -0.0899658203125, -0.032073974609375),
        *(0.6396484375, 0.2000732421875),
    )
    fraction: float = 0.28125


FOUND = Numbers()
"""Those of the form."""

_FLAT, _STRAIGHT = -119.75, 16.0  # Mish is -0 to the left, its argument to the right
_UP = 8.0  # the power of two that keeps the left out of the subnormal numbers


@functools.lru_cache(maxsize=256)
def lines(scale: float, n: Numbers = FOUND) -> tuple[Line, ...]:
    """The steps of the form for mish(scale x) / scale, in their order, with these constants."""
    made: list[Line] = []

    def do(name: str, op: str, *operands: Operand) -> str:
        made.append(Line(name, op, operands))
        return name

    def horner(name: str, x: str, coefficients: tuple[float, ...]) -> str:
        sum_: Operand = coefficients[0]
        for degree, each in enumerate(coefficients[1:]):
            product = do(f"{name}/times{degree}", "Mul", x, sum_)
            sum_ = do(f"{name}/plus{degree}", "Add", product, each)
        return str(sum_)

    z = "x" if scale == 1 else do("scaled", "Mul", "x", scale)
    left, right = do("left", "Less", z, n.left), do("right", "Greater", z, n.right)
    near = do("near", "Clip", z, -1.0, _STRAIGHT)
    m = do("m", "Max", do("minus", "Neg", do("size", "Abs", z)), _FLAT)
    e = do("e", "Exp", m)

    bend = do("bend", "Add", do("bent", "Mul", e, n.bend), n.shift)
    j = do("j", "Round", do("octave", "Sub", do("octaves", "Mul", m, n.log2_e), bend))
    t = do("first", "Sub", m, do("most", "Mul", j, n.ln2[0]))
    rest = do("rest", "Mul", j, n.ln2[1])
    exact = do("t", "Sub", t, rest)
    curved = do("curved", "Mul", do("square", "Mul", exact, exact), horner("exp", exact, n.exp))
    p = do("p", "Add", t, do("bow", "Sub", curved, rest))
    half_u = do("half u", "Mul", do("u", "Add", p, 1.0), 0.5)
    half_e = do("half e", "Mul", e, 0.5)
    less = do("less", "Mul", e, do("part", "Add", do("other", "Sub", 1.0, half_u), half_e))
    below = do("below", "Add", do("sum", "Add", do("e e/2", "Mul", e, half_e), e), 1.0)
    on_left = do("on left", "Div", do("above", "Sub", p, less), below)
    large = do("large", "Mul", m, do("P", "Pow", 2.0, do("up", "Add", j, _UP)))

    in_middle = horner("middle", near, n.middle)

    k_e = do("k e", "Mul", e, -n.fraction)
    g = do("g", "Mul", e, k_e)
    twice_g = do("2 g", "Add", g, g)
    under = do("k + 2 k e", "Sub", n.fraction, do("2 k e", "Add", k_e, k_e))
    on_right = do("on right", "Div", twice_g, do("under", "Sub", under, twice_g))

    not_right = do("not right", "Where", left, on_left, in_middle)
    ratio = do("ratio", "Where", right, on_right, not_right)
    reach = float(np.float32(_STRAIGHT / scale))  # so that a model of float32 keeps it
    bounded = near if scale == 1 else do("close", "Clip", "x", -reach, reach)
    factor = do("factor", "Where", left, large, bounded)
    whole = do("whole", "Where", left, large, "x")
    sum_ = do("all", "Add", whole, do("correction", "Mul", factor, ratio))
    unit = do("half", "Where", left, float(np.float32(2.0**-_UP / scale)), 0.5)
    do("y", "Mul", sum_, do("unit", "Where", right, 1.0, unit))
    return tuple(made)
