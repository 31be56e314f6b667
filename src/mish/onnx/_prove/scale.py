"""The scale k for which a program is mish(k x) / k: told by its values, then proved."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from mish.onnx._prove import half
from mish.onnx._prove.operators import Array
from mish.onnx._prove.program import Program
from mish.onnx._prove.proof import is_mish

_WIDEST = 10  # scales from 2**-10 to 2**10 are known
_OCTAVES = np.ldexp(1.0, np.arange(-_WIDEST - 1, _WIDEST + 1))
_STEEPEST = (0.7, 0.9)  # between these values tanh(softplus(t)) tells t well


@lru_cache(maxsize=4096)
def scale_of(program: Program, kind: int, *, double: bool) -> float | None:
    """The scale k, above 0, for which a program is mish(k x) / k for all numbers of a format.

    None if there is none from 1/1024 to 1024. 1 for Mish itself. mish(k x) / k is
    x tanh(softplus(k x)), so the ratio of a value to its argument says what k x is. The program of
    the form ``float16`` is known as such: it is right to the precision of that type alone.

    Args:
        program: The program.
        kind: The ONNX element type of its argument.
        double: Whether the model computes in float64.
    """
    written = half.scale_in(program)
    if written is not None:
        return written
    if is_mish(program, kind, double=double):
        return 1.0
    with np.errstate(all="ignore"):
        scale = _told(program(_OCTAVES), double)
    if scale is None or not is_mish(program, kind, double=double, scale=scale):
        return None
    return scale


def _told(values: Array | None, double: bool) -> float | None:
    """What the scale would be by the values at `_OCTAVES`, as a number of float32 if that does."""
    if values is None or values.shape != _OCTAVES.shape or values.dtype.kind != "f":
        return None
    ratio = values / _OCTAVES
    steep = np.flatnonzero((ratio > _STEEPEST[0]) & (ratio < _STEEPEST[1]))
    if not steep.size:
        return None
    at = steep[0]
    scale = math.log(math.expm1(math.atanh(ratio[at]))) / float(_OCTAVES[at])
    near = float(np.float32(scale))
    if not double or abs(near - scale) < 1e-12 * scale:
        scale = near
    return scale if 2.0**-_WIDEST <= scale <= 2.0**_WIDEST else None
