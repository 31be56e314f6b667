"""What a program does to whole intervals of arguments.

Interval arithmetic in float64 without directed rounding: the ends are those that the operators
themselves give. Truth values are intervals too, of 0 and 1. An interval of NaN has no numbers, or
is one that is flagged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mish.onnx._prove.operators import Array, Attributes, clip_limits, compute
from mish.onnx._prove.program import Program

Range = tuple[Array, Array]
"""The lower and the upper ends of intervals."""

_UNIT = 1.0  # how far an exponential, or what is made of one, may move across an interval
_RATIO = 16.0  # how far a divisor may grow across one
_LOWEST = -0.31  # below Mish's minimum, which lies at -1.1924
_LEFT, _RIGHT = -746.0, 710.0  # beyond these exp is 0 or infinite in float64


@dataclass
class Flags:
    """What may happen inside intervals, unseen from their ends.

    Attributes:
        jump: An operator may have a jump, a bend or a pole.
        room: There is room for a hump, as the argument of an exponential moves by more than a
            unit, or a divisor grows much; or the range of float64 ends.
    """

    jump: Array
    room: Array


def inside(program: Program, low: Array, high: Array) -> Flags:
    """What a program may do inside intervals.

    Where it does neither, a program whose values at both ends are right is right between them.

    Args:
        program: A program that can be called.
        low: The lower ends.
        high: The upper ends.
    """
    flags = Flags(np.zeros(low.shape, bool), np.zeros(low.shape, bool))
    values: list[Range] = [(low, high)]
    constants = [(np.asarray(each), np.asarray(each)) for each in program.constants]
    with np.errstate(all="ignore"):
        for step in program.steps:
            inputs = [
                None if each is None else values[each] if each >= 0 else constants[-1 - each]
                for each in step.inputs
            ]
            result = _enclose(step.op, dict(step.attributes), inputs, flags)
            lower, upper = (np.broadcast_to(np.asarray(end, float), low.shape) for end in result)
            flags.room |= np.isinf(lower) != np.isinf(upper)
            values.append((lower, upper))
    return flags


def _enclose(op: str, attributes: Attributes, inputs: list[Range | None], flags: Flags) -> Range:
    given = [each for each in inputs if each is not None]
    if op in _FOLDED:
        result = given[0]
        for other in given[1:]:
            result = _FOLDED[op](result, other, flags)
        return result
    if op == "Clip":
        limits = [(limit, limit) for limit in clip_limits(attributes)]
        for index, each in enumerate(inputs[1:]):
            limits[index] = each or limits[index]
        return _least(_greatest(given[0], limits[0], flags), limits[1], flags)
    if op in _RULES:
        return _RULES[op](*given, flags)
    (x,) = given
    low, high = x
    if op in _BENT_AT_ZERO:
        flags.jump |= _astride(x)
    if op in _WIDE:
        left, right = _WIDE[op]
        flags.room |= (high - low > _UNIT) & (high > left) & (low < right)
    ends = [compute(op, attributes, [end]) for end in x]
    a, b = (np.asarray(each, float) for each in ends)
    if op == "Round":
        flags.jump |= a != b
    if op in _BENT_AT_ZERO:
        return _hull(np.where(_astride(x), 0.0, a), a, b)
    if op == "Cosh":
        return _hull(np.where(_astride(x), 1.0, a), a, b)
    if op == "Mish":
        return _hull(np.where((low < -1.0) & (high > -1.4), _LOWEST, a), a, b)
    return _hull(a, b)


def _hull(*values: Array) -> Range:
    return np.minimum.reduce(np.broadcast_arrays(*values)), np.maximum.reduce(
        np.broadcast_arrays(*values)
    )


def _astride(x: Range) -> Array:
    """Whether there is a 0 between the ends."""
    return np.asarray((x[0] < 0) & (x[1] > 0))


def _overlap(a: Range, b: Range) -> Array:
    return np.asarray((a[1] > b[0]) & (b[1] > a[0]))


def _sum(a: Range, b: Range, flags: Flags) -> Range:
    return a[0] + b[0], a[1] + b[1]


def _difference(a: Range, b: Range, flags: Flags) -> Range:
    return a[0] - b[1], a[1] - b[0]


def _product(a: Range, b: Range, flags: Flags) -> Range:
    return _hull(a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])


def _quotient(a: Range, b: Range, flags: Flags) -> Range:
    size = np.maximum(np.abs(b[0]), np.abs(b[1]))
    pole = (b[0] <= 0) & (b[1] >= 0) & (b[0] != b[1])
    grows = size > _RATIO * np.minimum(np.abs(b[0]), np.abs(b[1]))
    flags.jump |= pole
    flags.room |= grows & ~pole
    low, high = _hull(a[0] / b[0], a[0] / b[1], a[1] / b[0], a[1] / b[1])
    return np.where(pole, np.nan, low), np.where(pole, np.nan, high)


def _reciprocal(x: Range, flags: Flags) -> Range:
    one = np.asarray(1.0)
    return _quotient((one, one), x, flags)


def _softsign(x: Range, flags: Flags) -> Range:
    flags.room |= _astride(x) & (x[1] - x[0] > _UNIT)
    flags.room |= (1 + np.abs(x[0])) > _RATIO * (1 + np.abs(x[1]))
    flags.room |= (1 + np.abs(x[1])) > _RATIO * (1 + np.abs(x[0]))
    return x[0] / (1 + np.abs(x[0])), x[1] / (1 + np.abs(x[1]))


def _power(a: Range, b: Range, flags: Flags) -> Range:
    low, high = _hull(*(np.power(base, exponent) for base in a for exponent in b))
    whole = (b[0] == b[1]) & (b[0] == np.rint(b[0]))
    astride = _astride(a)
    flags.jump |= astride & ~(whole & (b[0] >= 0))
    flags.jump |= (b[0] != b[1]) & (a[0] < 0)
    flags.room |= (b[0] != b[1]) & (high > _RATIO * low)
    low = np.where(astride, np.minimum(low, 0), low)
    unknown = (a[0] < 0) & ~(whole & ((b[0] >= 0) | ~astride))
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def _greatest(a: Range, b: Range, flags: Flags) -> Range:
    flags.jump |= _overlap(a, b)
    return np.maximum(a[0], b[0]), np.maximum(a[1], b[1])


def _least(a: Range, b: Range, flags: Flags) -> Range:
    flags.jump |= _overlap(a, b)
    return np.minimum(a[0], b[0]), np.minimum(a[1], b[1])


def _less(a: Range, b: Range, flags: Flags) -> Range:
    return np.asarray(a[1] < b[0]), np.asarray(a[0] < b[1])


def _at_most(a: Range, b: Range, flags: Flags) -> Range:
    return np.asarray(a[1] <= b[0]), np.asarray(a[0] <= b[1])


def _equal(a: Range, b: Range, flags: Flags) -> Range:
    points = (a[0] == a[1]) & (b[0] == b[1])
    return np.asarray(points & (a[0] == b[0])), np.asarray((a[0] <= b[1]) & (b[0] <= a[1]))


def _not(x: Range, flags: Flags) -> Range:
    return 1.0 - x[1], 1.0 - x[0]


def _and(a: Range, b: Range, flags: Flags) -> Range:
    return np.minimum(a[0], b[0]), np.minimum(a[1], b[1])


def _or(a: Range, b: Range, flags: Flags) -> Range:
    return np.maximum(a[0], b[0]), np.maximum(a[1], b[1])


def _chosen(condition: Range, a: Range, b: Range, flags: Flags) -> Range:
    open_ = condition[0] != condition[1]
    flags.jump |= open_
    low = np.where(open_, np.minimum(a[0], b[0]), np.where(condition[0], a[0], b[0]))
    high = np.where(open_, np.maximum(a[1], b[1]), np.where(condition[0], a[1], b[1]))
    return low, high


_FOLDED: dict[str, Callable[[Range, Range, Flags], Range]] = {
    "Max": _greatest,
    "Min": _least,
    "Sum": _sum,
}
_RULES: dict[str, Callable[..., Range]] = {
    "Add": _sum,
    "And": _and,
    "Div": _quotient,
    "Equal": _equal,
    "Greater": lambda a, b, flags: _less(b, a, flags),
    "GreaterOrEqual": lambda a, b, flags: _at_most(b, a, flags),
    "Less": _less,
    "LessOrEqual": _at_most,
    "Mul": _product,
    "Not": _not,
    "Or": _or,
    "Pow": _power,
    "Reciprocal": _reciprocal,
    "Softsign": _softsign,
    "Sub": _difference,
    "Where": _chosen,
}
# Those that change their rule at 0, or end there.
_BENT_AT_ZERO = {"Abs", "Elu", "LeakyRelu", "Log", "Relu", "Sqrt"}
# Where they are neither flat nor straight.
_WIDE: dict[str, tuple[float, float]] = {
    "Cosh": (-_RIGHT, _RIGHT),
    "Elu": (-40.0, 0.0),
    "Exp": (_LEFT, _RIGHT),
    "Mish": (_LEFT, 40.0),
    "Sigmoid": (_LEFT, 40.0),
    "Sinh": (-_RIGHT, _RIGHT),
    "Softplus": (_LEFT, 40.0),
    "Tanh": (-20.0, 20.0),
}
