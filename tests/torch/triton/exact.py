"""Operations over NumPy arrays as a GPU does them: the interpreter of Triton does not.

It rounds a fused multiply-add twice, cuts numbers off that it converts to bfloat16, and knows no
assembly. The approximate instructions of `mish.torch._triton.approximate` are here as wrong as
they may be: off by the bound in either direction, or by any part of it, as `Slip` has it.
"""

from __future__ import annotations

import enum
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import triton.language as tl
from triton.runtime import interpreter

_SPLITTER = 2.0**27 + 1
# Where float64 products and their errors neither overflow nor underflow.
_LEAST, _MOST = 2.0**-450, 2.0**450


def fma(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """x·y + z for float32 or float64 arrays that broadcast together."""
    x, y, z = np.broadcast_arrays(x, y, z)
    with np.errstate(all="ignore"):
        if x.dtype == np.float32:
            # The product is exact in float64; a sum rounded to odd can be rounded once more.
            wide = x.astype(np.float64) * y.astype(np.float64)
            return _odd_sum(wide, z.astype(np.float64)).astype(np.float32)
        return _fma64(x, y, z)


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    s = a + b
    b_part = s - a
    return s, (a - (s - b_part)) + (b - b_part)


def _odd_sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The sum rounded to odd: to the neighbour with an odd last digit unless it is exact."""
    s, error = _two_sum(a, b)
    even = (s.view(np.int64) & 1) == 0
    move = even & (error != 0) & np.isfinite(error)
    return np.where(move, np.nextafter(s, np.copysign(np.inf, error)), s)


def _split(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t = a * _SPLITTER
    high = t - (t - a)
    return high, a - high


def _fma64(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Boldo and Melquiond, "Emulation of FMA and correctly rounded sums" (2008), algorithm 1."""
    p = x * y
    (x1, x2), (y1, y2) = _split(x), _split(y)
    error = x2 * y2 - (((p - x1 * y1) - x2 * y1) - x1 * y2)
    head, low = _two_sum(z, error)
    total, rest = _two_sum(p, head)
    result = total + _odd_sum(rest, low)
    plain = p + z
    finite = np.isfinite(plain)
    result = np.where(finite & (p != 0), result, plain)
    size = np.maximum(np.abs(x), np.abs(y))
    tiny = (p != 0) & (np.abs(p) < _LEAST)
    extreme = finite & (x != 0) & (y != 0) & (tiny | (size > _MOST) | (p == 0))
    for i in zip(*np.nonzero(extreme), strict=True):
        exact = Fraction(float(x[i])) * Fraction(float(y[i])) + Fraction(float(z[i]))
        result[i] = float(exact) if exact else plain[i]
    return result


class Slip(enum.Enum):
    """What part of the error that an approximate instruction may have it has."""

    NONE = 0
    UP = 1
    DOWN = -1
    MIXED = None  # a part of its own for each number

    def parts(self, x: np.ndarray) -> Any:
        """Numbers from −1 to 1."""
        if self is not Slip.MIXED:
            return self.value
        mixed = x.view(f"u{x.itemsize}").astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1


def _reciprocal(x: np.ndarray) -> np.ndarray:
    return 1 / x.astype(np.float64)


def _exp2(x: np.ndarray) -> np.ndarray:
    y = np.exp2(x.astype(np.float64))
    return np.where(y < 2.0**-126, 0.0, y)


# What an instruction computes, and the largest relative error that its caller allows for.
_INSTRUCTIONS = {
    "rcp.approx.ftz.f32": (_reciprocal, 2.0**-22),
    "rcp.approx.ftz.f64": (_reciprocal, 2.0**-19),
    "ex2.approx.ftz.f32": (_exp2, 2.0**-21),
    "lg2.approx.ftz.f32": (np.log2, 2.0**-22),
    "div.rn.f32": (np.divide, 0.0),
    "sqrt.rn.f32": (np.sqrt, 0.0),
}


def patches() -> dict[str, Any]:
    """What to put in the place of methods of `interpreter.InterpreterBuilder`."""
    cast = interpreter.InterpreterBuilder.cast_impl

    def create_fma(self: Any, x: Any, y: Any, z: Any) -> Any:
        return interpreter.TensorHandle(fma(x.data, y.data, z.data), z.dtype.scalar)

    def cast_impl(self: Any, source: Any, target: Any) -> Any:
        kinds = (source.dtype.scalar, target.scalar)
        if kinds == (tl.bfloat16, tl.float32):
            data = source.data.view(ml_dtypes.bfloat16).astype(np.float32)
        elif kinds == (tl.float32, tl.bfloat16):
            data = source.data.astype(ml_dtypes.bfloat16).view(np.uint16)
        else:
            return cast(self, source, target)
        return interpreter.TensorHandle(data, target.scalar)

    return {"create_fma": create_fma, "cast_impl": cast_impl}


def _data(value: Any, form: np.dtype) -> Any:
    """The numbers of a block, or one that the kernel has as a constant."""
    return value.handle.data if isinstance(value, tl.tensor) else form.type(value)


def assembly(slip: Slip) -> Any:
    """What to put in the place of `tl.inline_asm_elementwise`."""

    def inline_asm_elementwise(text: str, constraints: str, args: list[Any], *_: Any, **__: Any):
        function, bound = _INSTRUCTIONS[text.split(maxsplit=1)[0]]
        tensors = [each for each in args if isinstance(each, tl.tensor)]
        of = tensors[-1]
        data = [_data(each, of.handle.data.dtype) for each in args]
        y = function(*data)
        if bound:
            y = y * (1 + bound * slip.parts(data[0]))
        handle = interpreter.TensorHandle(np.asarray(y, of.handle.data.dtype), of.dtype)
        return tl.tensor(handle, of.type)

    return inline_asm_elementwise
