"""Decides whether a program is Mish, or Mish of a scale, for every number of its format."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from onnx import TensorProto

from mish import mish, mish_d1
from mish.onnx._prove.intervals import inside
from mish.onnx._prove.operators import Array
from mish.onnx._prove.program import Program

# Where Mish and its kin differ or break: both tails, the zeros of Mish's derivatives, the usual
# thresholds (20, and 8 for steep variants), the ends of exp in float16 and float32; and a grid
# fine enough for most guards. exp(300)² is still finite.
_HARD = (
    *(-300.0, -104.0, -88.8, -60.0, -45.0, -37.0, -30.0, -20.0, -17.0, -16.64, -12.0),
    *(-3.2673378465204046, -2.256376396360793, -1.1924312145154952, -0.0879344313149142),
    *(-1e-3, -1e-8, 0.0, 1e-8, 1e-3, 1.4905711794854284, 2.1148425630208771),
    *(8.0, 11.0, 19.99, 20.01, 44.5, 88.8, 104.0, 300.0),
)
POINTS = np.unique([*_HARD, *np.linspace(-12, 24, 145)])
"""The arguments that a program is judged at first, and most that are not Mish fall."""

_ORDINARY = 300.0  # no spelling leaves the range of float64 before
_STRAIGHT = 40.0  # Mish is x itself beyond
_CLAMPED = 1e-50  # is nothing, and even times the largest float32
_MOST_INTERVALS = 1 << 17
_SINGLE, _DOUBLE = 2.0**-24, 2.0**-46


class Format:
    """The finite numbers of an element type, in order: −1 is the one below 0, 1 the one above.

    Args:
        kind: The ONNX element type.
        bits: The width of the numbers.
        mantissa: The bits of their fraction.
        shift: How many zero bits make a number one of the NumPy type ``carrier``.
        carrier: A type that holds them.
        signed: The integers of its width.
    """

    def __init__(self, carrier: Any, signed: Any, mantissa: int, shift: int = 0) -> None:
        self._carrier, self._signed, self._shift = carrier, signed, shift
        self._per_octave = 1 << mantissa
        infinity = int(np.asarray(np.inf, carrier).view(signed)) >> shift
        self.last = infinity - 1

    def number(self, order: Array) -> Array:
        """The numbers at these places in the order, as float64."""
        bits = (np.abs(order) << self._shift).astype(self._signed)
        return np.asarray(np.copysign(bits.view(self._carrier).astype(np.float64), order))

    def order(self, number: Array) -> Array:
        """The places of the numbers of the format at or next to these towards 0."""
        size = np.minimum(np.abs(number), float(self.number(np.asarray([self.last]))[0]))
        with np.errstate(under="ignore"):
            bits = size.astype(self._carrier).view(self._signed).astype(np.int64) >> self._shift
        return np.asarray(np.where(np.signbit(number), -bits, bits))

    def grid(self, scale: float) -> Array:
        """Places in order that cover the format, all of it where that has 16 bits."""
        step = 1 if self.last < 1 << 15 else max(self._per_octave >> 2, 1)
        positive = np.append(np.arange(0, self.last, step, dtype=np.int64), self.last)
        return np.unique(np.concatenate([-positive, positive, self.order(POINTS / scale)]))


FORMATS: dict[int, Format] = {
    TensorProto.FLOAT: Format(np.float32, np.int32, 23),
    TensorProto.DOUBLE: Format(np.float64, np.int64, 52),
    TensorProto.FLOAT16: Format(np.float16, np.int16, 10),
    TensorProto.BFLOAT16: Format(np.float32, np.int32, 7, 16),
}
"""The formats of Mish's argument by ONNX element type."""


def scaled_mish(x: Array, scale: float) -> Array:
    """mish(scale x) / scale, which is x tanh(softplus(scale x)), also where scale x overflows."""
    if scale == 1:
        return np.asarray(mish(x))
    inner = scale * x
    return np.where(inner > _STRAIGHT, x, mish(inner) / scale)


def allowed(x: Array, *, double: bool, scale: float = 1.0) -> Array:
    """How far from Mish of a scale a value at x may be.

    Half a unit of relative error in the argument and in the result, the unit being float32's, or
    for a model in float64 that of a number with 46 bits. And four units of float64 times the
    argument, up to 40: log(1 + exp(x)) keeps nothing of exp(x) that is below the rounding error
    of 1, so that much the plainest spelling loses on the far left in float64. What lies below its
    normal numbers is rounded at will.
    """
    unit, double_ = _DOUBLE if double else _SINGLE, np.finfo(np.float64)
    inner = scale * x
    floor = (4 * double_.eps * np.minimum(np.abs(inner), _STRAIGHT) + double_.tiny) / scale
    slope = np.abs(x * mish_d1(inner))
    return np.asarray(unit * np.abs(scaled_mish(x, scale)) + unit * slope + floor)


@lru_cache(maxsize=4096)
def is_mish(program: Program, kind: int, *, double: bool, scale: float = 1.0) -> bool:
    """Whether a program is mish(scale x) / scale for all numbers of a format.

    That is to the precision of its model. Without a scale it is Mish itself.

    It is judged in float64 at numbers so close to each other that it can do nothing unseen
    between them (:func:`points`), by the tolerance of :func:`allowed`. Where the program itself
    leaves the range of float64, at arguments beyond 300 / scale in size, and so comes to no number,
    it has nothing to be held against (:func:`_overflown`). At an infinity it must give what Mish
    does or NaN, or the infinity itself, and NaN for NaN.

    Args:
        program: The program.
        kind: The ONNX element type of its argument.
        double: Whether the model computes in float64.
        scale: The scale, positive.
    """
    with np.errstate(all="ignore"):
        start = POINTS / scale
        first = program(start)
        if first is None or first.shape != start.shape or first.dtype.kind != "f":
            return False
        if not np.all(_right(start, first, double, scale)):
            return False
        if not _at_the_ends(program):
            return False
        x = points(program, FORMATS[kind], scale)
        if x is None:
            return False
        values = program(x)
        assert values is not None, "it was called before"
        far = _ORDINARY / scale
        right = _right(x, values, double, scale) | _clamped(x, values, far)
        return bool(np.all(right)) or bool(np.all(right | _overflown(program, x, values, far)))


def _right(x: Array, values: Array, double: bool, scale: float) -> Array:
    off = np.abs(values - scaled_mish(x, scale))
    return np.asarray(off <= allowed(x, double=double, scale=scale))


def _overflown(program: Program, x: Array, values: Array, far: float) -> Array:
    """Where a program leaves the range of float64 on its way and comes to NaN or an infinity.

    An infinity counts only if the program came to it from a number, with no jump in between: one
    that is chosen beyond a threshold is another value.
    """
    finite = np.isfinite(values)
    lost = ~finite & (np.abs(x) > far)
    lost[lost] = program.lost(x[lost])
    if not np.any(lost & np.isinf(values)):
        return lost
    jumps = np.cumsum(np.append(0, inside(program, x[:-1], x[1:]).jump))
    places = np.arange(x.size)
    below = np.maximum.accumulate(np.where(finite, places, 0))
    above = np.minimum.accumulate(np.where(finite, places, x.size - 1)[::-1])[::-1]
    nearer = np.where(x > 0, below, above)
    return np.asarray(lost & (np.isnan(values) | (jumps == jumps[nearer])))


def _clamped(x: Array, values: Array, far: float) -> Array:
    """Where a program is x·exp(c) on the far left, as it is if it clamps the exponent at c."""
    slope = values[0] / x[0]
    if not 0 < slope < _CLAMPED:
        return np.zeros(x.shape, bool)
    return np.asarray((x < -far) & (np.abs(values - slope * x) <= 1e-12 * slope * np.abs(x)))


def _at_the_ends(program: Program) -> bool:
    values = program(np.array([np.inf, -np.inf, np.nan]))
    assert values is not None, "it was called before"
    high, low, nan = (float(each) for each in values)
    left = abs(low) < _CLAMPED or low == -np.inf or math.isnan(low)
    return (high == np.inf or math.isnan(high)) and left and math.isnan(nan)


def points(program: Program, format_: Format, scale: float = 1.0) -> Array | None:
    """Numbers of a format between which a program can do nothing unseen; None if too many.

    Starts with some from every octave and where Mish of the scale is hard, halves each interval as
    long as it is too wide for what the program does there, and gives both neighbours wherever it
    jumps or bends.
    """
    seen = [format_.grid(scale)]
    low, high = seen[0][:-1], seen[0][1:]
    count = 0
    while True:
        wide = high - low > 1
        low, high = low[wide], high[wide]
        if not low.size:
            return format_.number(np.unique(np.concatenate(seen)))
        flags = inside(program, format_.number(low), format_.number(high))
        wide = flags.jump | flags.room
        low, high = low[wide], high[wide]
        count += low.size
        if count > _MOST_INTERVALS:
            return None
        middle = low + (high - low) // 2
        seen.append(middle)
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
