"""An expression in x as a straight line of operators."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class Step(NamedTuple):
    """One operator.

    Attributes:
        op: its name, a key of the tables in ``_balls``, ``_algebra`` and ``_formats``.
        inputs: the steps that it takes its operands from.
        number: the value of a constant.
        text: what was written.
    """

    op: str
    inputs: tuple[int, ...]
    number: Fraction | None
    text: str


class Program:
    """Steps, each of which uses the results of those before it; the last one's is the program's."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._known: dict[tuple[object, ...], int] = {}

    def add(
        self, op: str, inputs: tuple[int, ...] = (), number: Fraction | None = None, text: str = ""
    ) -> int:
        """Add a step, or find it if there is one alike; return its place."""
        key = (op, inputs, number)
        if key not in self._known:
            self._known[key] = len(self.steps)
            self.steps.append(Step(op, inputs, number, text))
        return self._known[key]

    def end(self, place: int) -> Program:
        """Leave out what the result at a place does not need, and make that the last step."""
        needed = {place}
        for index in range(place, -1, -1):
            if index in needed:
                needed.update(self.steps[index].inputs)
        short, moved = Program(), dict[int, int]()
        for index in sorted(needed):
            op, inputs, number, text = self.steps[index]
            moved[index] = short.add(op, tuple(moved[each] for each in inputs), number, text)
        return short


TRUTHS = {"<", "<=", "==", "!=", "and", "or", "not"}
"""The operators whose result is true or false; > and >= are these with operands exchanged."""
