"""The form ``float16`` as a program: see :mod:`mish._support.half` for what it computes."""

from __future__ import annotations

import functools

import numpy as np

from mish._support.half import FOUND, Numbers, lines
from mish.onnx._prove.program import Program, Step


@functools.lru_cache(maxsize=256)
def program(scale: float, n: Numbers = FOUND) -> Program:
    """The same as a program."""
    numbers: list[float] = []
    known = {"x": 0}
    steps = []
    for count, line in enumerate(lines(scale, n), 1):
        inputs = []
        for operand in line.operands:
            if isinstance(operand, str):
                inputs.append(known[operand])
            else:
                numbers.append(operand)
                inputs.append(-len(numbers))
        steps.append(Step(line.op, (), tuple(inputs)))
        known[line.name] = count
    return Program(tuple(steps), np.array(numbers).tobytes())


def scale_in(written: Program) -> float | None:
    """The scale of a program that is one of these, step for step; None if it is not."""
    if len(written.steps) not in (len(lines(1.0)), len(lines(2.0))):
        return None
    first = written.steps[0]
    scale = float(written.constants[0]) if first.op == "Mul" else 1.0
    return scale if scale > 0 and written == program(scale) else None


def spelling(scale: float) -> str:
    """Its operators in their order."""
    return ", ".join(line.op for line in lines(scale))
