"""The truth: Mish, its derivatives, integral and inverse, to any precision, certified.

Everything rests on ball arithmetic (Arb, through python-flint): a result is an interval that
provably holds the exact value, and it is made narrower until the question asked is decided
(Ziv's strategy). An input is taken as exactly the number that it is: a float is its binary
value, ``Fraction(1, 10)`` and ``"0.1"`` are one tenth.

Needs the ``reference`` extra (python-flint).
"""

from mish._support.extras import needs

with needs("reference", "mish.reference"):
    import flint  # noqa: F401

from mish.reference._derivatives import (
    Number,
    ball,
    decide_at,
    enclosure,
    exact_points,
    rounded,
    rounded_one,
    saturate,
    value,
)
from mish.reference._integral import antiderivative, integral_ball
from mish.reference._inverse import inverse, inverse_ball

__all__ = [
    "Number",
    "antiderivative",
    "ball",
    "decide_at",
    "enclosure",
    "exact_points",
    "integral_ball",
    "inverse",
    "inverse_ball",
    "rounded",
    "rounded_one",
    "saturate",
    "value",
]
