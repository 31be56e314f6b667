"""The scale k for which a program is mish(k x) / k: told by its values, then proved."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mish._support.scale import OCTAVES, told
from mish.onnx._prove import half
from mish.onnx._prove.program import Program
from mish.onnx._prove.proof import is_mish


@lru_cache(maxsize=4096)
def scale_of(program: Program, kind: int, *, double: bool) -> float | None:
    """The scale k, above 0, for which a program is mish(k x) / k for all numbers of a format.

    None if there is none from 1/1024 to 1024. 1 for Mish itself. The program of the form
    ``float16`` is known as such: it is right to the precision of that type alone.

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
        values = program(OCTAVES)
        if values is None or values.shape != OCTAVES.shape or values.dtype.kind != "f":
            return None
        scale = told(values, double)
    if scale is None or not is_mish(program, kind, double=double, scale=scale):
        return None
    return scale
