"""Arithmetic in float16: every operator exact, then rounded to the nearest float16."""

from __future__ import annotations

import numpy as np

import mish
from mish.onnx._prove.operators import compute
from mish.onnx._prove.program import Program

EVERY = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
FINITE = EVERY[np.isfinite(EVERY)]


def to_half(values: np.ndarray) -> np.ndarray:
    """Round, and go on in float64, which holds what an operator makes of float16 exactly enough."""
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float16).astype(np.float64)


def rounded(program: Program, x: np.ndarray) -> list[np.ndarray]:
    """The results of all steps of a program in float16, as float64."""
    values = [x.astype(np.float64)]
    numbers = to_half(program.constants)
    for step in program.steps:
        inputs = [values[i] if i >= 0 else np.asarray(numbers[-1 - i]) for i in step.inputs]
        result = compute(step.op, dict(step.attributes), inputs)
        values.append(to_half(result) if result.dtype.kind == "f" else result)
    return values[1:]


class Truth:
    """The exact values at some arguments, and their units in the last place.

    The unit of all subnormal numbers is 2**-24.

    Args:
        x: The arguments.
        scale: That of Mish.
    """

    def __init__(self, x: np.ndarray, scale: float = 1.0) -> None:
        wide = x.astype(np.float64)
        self._want = np.where(wide * scale > 40, wide, mish.mish(wide * scale) / scale)
        exponent = np.frexp(np.maximum(np.abs(self._want), 2.0**-14))[1]
        self._unit = np.ldexp(1.0, exponent - 11)

    def ulps(self, got: np.ndarray) -> np.ndarray:
        """The errors of results in these units; that of what is no number is infinite."""
        with np.errstate(invalid="ignore"):
            off = np.abs(got - self._want) / self._unit
        return np.where(np.isnan(off), np.inf, off)


def ulps(got: np.ndarray, x: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """The errors of results at x."""
    return Truth(x, scale).ulps(got)
