"""A function of one number as a straight line of elementwise operators."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mish.onnx._prove.operators import Array, compute


class Step(NamedTuple):
    """One operator.

    Attributes:
        op: The operator, a key of the table in ``operators``.
        attributes: Its attributes, sorted by name.
        inputs: The operands by number, None for one that is left out. 0 is the argument of the
            program, 1 the first step's result, 2 the second's; −1 is its first constant, −2 its
            second.
    """

    op: str
    attributes: tuple[tuple[str, Any], ...]
    inputs: tuple[int | None, ...]


class Program(NamedTuple):
    """Steps, each of which may use the results of those before it. Equal ones are one function.

    Attributes:
        steps: The steps; the last one's result is the program's.
        numbers: The constants, as the bytes of float64: equal means equal to the bit.
    """

    steps: tuple[Step, ...]
    numbers: bytes

    @property
    def constants(self) -> Array:
        """The constants as numbers."""
        return np.frombuffer(self.numbers, np.float64)

    def __call__(self, x: Array) -> Array | None:
        """Its values at float64 arguments; None if it is malformed."""
        values, constants = [x], self.constants
        for step in self.steps:
            inputs = _operands(step, values, constants)
            result = compute(step.op, dict(step.attributes), inputs)
            if result is None:
                return None
            values.append(result)
        return values[-1]

    def lost(self, x: Array) -> Array:
        """Whether on the way to its value at an argument the range of float64 was left.

        That is where finite numbers came out as an infinity, or as a 0 that is none.
        """
        values, lost, constants = [x], [np.zeros(x.shape, bool)], self.constants
        for step in self.steps:
            inputs = _operands(step, values, constants)
            result = compute(step.op, dict(step.attributes), inputs)
            assert result is not None, "it can be called"
            before = [lost[each] for each in step.inputs if each is not None and each >= 0]
            gone = np.logical_or.reduce(before)
            if step.op == "Where":  # what is not chosen does not matter
                condition, a, b = (
                    lost[each] if each is not None and each >= 0 else False for each in step.inputs
                )
                gone = condition | np.where(_given(inputs)[0], a, b)
            values.append(result)
            lost.append(np.asarray(gone | _leaves_range(step.op, _given(inputs), result)))
        return lost[-1]


def _operands(step: Step, values: list[Array], constants: Array) -> list[Array | None]:
    return [
        None if each is None else values[each] if each >= 0 else np.asarray(constants[-1 - each])
        for each in step.inputs
    ]


def _given(inputs: list[Array | None]) -> list[Array]:
    return [each for each in inputs if each is not None]


_SUMS = {"Add", "Sub", "Sum"}
_NEVER_ZERO = {"Cosh", "Exp", "Sigmoid", "Softplus"}
_ZERO_FROM_ZERO = {"Div", "Mul", "Pow", "Reciprocal", "Sinh"}


def _leaves_range(op: str, inputs: list[Array], result: Array) -> Array:
    if op not in _SUMS | _NEVER_ZERO | _ZERO_FROM_ZERO:
        return np.zeros(result.shape, bool)
    left = np.isinf(result)
    if op not in _SUMS:
        left |= result == 0
    for each in inputs:
        left &= np.isfinite(each)
        if op in _ZERO_FROM_ZERO:
            left &= each != 0
    return np.asarray(left)
