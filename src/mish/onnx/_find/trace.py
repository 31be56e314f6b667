"""Follows a number through nodes and writes down what they do to it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import onnx
from onnx import TensorProto

from mish.onnx._find.constants import Uniform, constant_of, fold, result_kind, retyped_kind
from mish.onnx._model.scopes import Functions, bound, called
from mish.onnx._prove.operators import FLOATS, RETYPING, attributes, elementwise
from mish.onnx._prove.program import Program, Step

_LONGEST = 72  # steps; the longest, of the form float16, has 64
_DEEPEST = 16  # functions that call functions
_MOST_NODES = 256  # in a function, those included that make no step


class Result(NamedTuple):
    """The argument or a step of a program that is being written.

    Attributes:
        number: Which, as in :class:`Step`.
        kind: The ONNX element type that it has in the model.
    """

    number: int
    kind: int


Operand = Result | Uniform


class Instruction(NamedTuple):
    """What matters of a node.

    Attributes:
        op: Its operator, if that is elementwise.
        attributes: Its attributes, sorted by name.
        operands: The names of the inputs whose numbers matter; empty for one that is left out.
        output: The name of its output.
        like: For CastLike, the name of the input that lends its type.
        constant: What it makes, if it is a constant.
        body: The instructions of the function that it calls, with the names of that one's inputs
            and of its output.
    """

    op: str | None
    attributes: tuple[tuple[str, Any], ...]
    operands: tuple[str, ...]
    output: str
    like: str = ""
    constant: Uniform | None = None
    body: Body | None = None


class Body(NamedTuple):
    """A function's instructions.

    Attributes:
        inputs: The names of its inputs.
        output: The name of its output.
        instructions: What it does.
    """

    inputs: tuple[str, ...]
    output: str
    instructions: tuple[Instruction, ...]


class Reader:
    """Reads nodes as instructions, each call of a function once for each set of attributes.

    Functions that do the same have the same body.

    Args:
        functions: The model's own functions.
    """

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self._heights: dict[object, int] = {}
        for key, function in reversed([*functions.items()]):  # those that it calls come first
            calls = (self._heights.get(called(node), 0) for node in function.node)
            self._heights[key] = 1 + max(calls, default=0)
        self._bodies: dict[tuple[object, ...], Body | None] = {}
        self._alike: dict[str, Body] = {}

    def calls(self, node: onnx.NodeProto) -> bool:
        """Whether a node calls a function of the model."""
        return bool(self.functions) and called(node) in self.functions

    def read(self, node: onnx.NodeProto) -> Instruction | None:
        """What a node does, or None if it cannot be followed."""
        if len(node.output) != 1:
            return None
        operands, output = tuple(node.input), node.output[0]
        if self.calls(node):
            body = self._body(node)
            return None if body is None else Instruction(None, (), operands, output, body=body)
        op = elementwise(node)
        if op is None:
            constant = constant_of(node)
            if constant is None:
                return None
            return Instruction(None, (), (), output, constant=constant)
        if not node.attribute:
            given: list[tuple[str, Any]] = []
        else:
            try:
                given = sorted(attributes(node).items())
            except ValueError:  # one that only the function's call gives
                return None
        plain = tuple((key, tuple(v) if isinstance(v, list) else v) for key, v in given)
        like = operands[1] if op == "CastLike" and len(operands) == 2 else ""
        return Instruction(op, plain, operands[:1] if like else operands, output, like)

    def _body(self, call: onnx.NodeProto) -> Body | None:
        function = self.functions[called(call)]
        key = (*called(call), *sorted(each.SerializeToString() for each in call.attribute))
        if key not in self._bodies:
            self._bodies[key] = self._read_body(function, call)
        return self._bodies[key]

    def _read_body(self, function: onnx.FunctionProto, call: onnx.NodeProto) -> Body | None:
        small = self._heights[called(call)] <= _DEEPEST and len(function.node) <= _MOST_NODES
        if not small or len(function.output) != 1:
            return None
        instructions = []
        for node in bound(function, call):
            instruction = self.read(node)
            if instruction is None:
                return None
            instructions.append(instruction)
        body = Body(tuple(function.input), function.output[0], tuple(instructions))
        return self._alike.setdefault(repr(body), body)


@dataclass
class Tracer:
    """Writes a program while it goes through nodes.

    Attributes:
        kind: The ONNX element type of the argument.
        shapes: The shapes of the constants that it met.
    """

    kind: int
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    _steps: list[Step] = field(default_factory=list)
    _numbers: list[float] = field(default_factory=list)
    _left: int = 4 * _MOST_NODES  # instructions

    def argument(self) -> Result:
        """The argument of the program."""
        return Result(0, self.kind)

    def program(self, last: Operand | None) -> Program | None:
        """What was written up to this result, if that depends on the argument at all."""
        if not isinstance(last, Result) or last.number == 0:
            return None
        numbers = struct.pack(f"{len(self._numbers)}d", *self._numbers)
        return Program(tuple(self._steps[: last.number]), numbers)

    def follow(
        self,
        instruction: Instruction,
        known: Callable[[str], Operand | None],
        kind_of: Callable[[str], int] = lambda name: 0,
    ) -> Operand | None:
        """What an instruction makes, or None if that cannot be told.

        Args:
            instruction: The instruction.
            known: What stands for an input, if it is known.
            kind_of: The ONNX element type of an input that is not.
        """
        self._left -= 1
        if self._left < 0:
            return None
        if instruction.constant is not None:
            return instruction.constant
        if instruction.body is not None:
            return self._call(instruction.body, [known(name) for name in instruction.operands])
        assert instruction.op is not None, "neither a constant nor a call"
        like = 0
        if instruction.like:
            pattern = known(instruction.like)
            like = kind_of(instruction.like) if pattern is None else pattern.kind
        inputs: list[Operand | None] = []
        for name in instruction.operands:
            operand = known(name) if name else None
            if name and operand is None:
                return None
            inputs.append(operand)
        return self._apply(instruction.op, instruction.attributes, inputs, like)

    def _call(self, body: Body, arguments: list[Operand | None]) -> Operand | None:
        values = dict(zip(body.inputs, arguments, strict=False))
        for instruction in body.instructions:
            values[instruction.output] = self.follow(instruction, values.get)
            if values[instruction.output] is None:
                return None
        return values.get(body.output)

    def _apply(
        self,
        op: str,
        attributes: tuple[tuple[str, Any], ...],
        inputs: list[Operand | None],
        like: int,
    ) -> Operand | None:
        constants = [each for each in inputs if not isinstance(each, Result)]
        if len(constants) == len(inputs):
            return fold(op, dict(attributes), constants, like)
        if op in RETYPING:
            if len(inputs) != 1 or not isinstance(x := inputs[0], Result):
                return None
            return self._retyped(retyped_kind(op, dict(attributes), like, x.kind), x)
        kinds = [each.kind for each in inputs if each is not None]
        return self._append(op, attributes, inputs, result_kind(op, kinds))

    def _retyped(self, kind: int, x: Result) -> Operand | None:
        if kind == x.kind:
            return x
        if kind not in FLOATS:
            return None
        if x.kind in FLOATS:  # the same number, for its rounding is left out
            return Result(x.number, kind)
        if x.kind != TensorProto.BOOL:
            return None
        one, zero = Uniform(1.0, kind), Uniform(0.0, kind)
        return self._append("Where", (), [x, one, zero], kind)

    def _append(
        self,
        op: str,
        attributes: tuple[tuple[str, Any], ...],
        inputs: list[Operand | None],
        kind: int,
    ) -> Result | None:
        if len(self._steps) >= _LONGEST:
            return None
        numbers: list[int | None] = []
        for each in inputs:
            if isinstance(each, Uniform):
                self.shapes.add(each.shape)
                self._numbers.append(float(each.value))
                numbers.append(-len(self._numbers))
            else:
                numbers.append(None if each is None else each.number)
        self._steps.append(Step(op, attributes, tuple(numbers)))
        return Result(len(self._steps), kind)
