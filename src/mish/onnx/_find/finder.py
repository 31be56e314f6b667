"""Finds the places where one scope of a model computes Mish, however it is written.

A place is a node and a value further up such that all paths from the node's output upwards lead
through elementwise operators to that value or to uniform constants. Then the output is a function
of that one value, element by element, and its values decide whether the function is Mish.

Where one such place lies in another, as the branches of a Mish written in two do, the outer one
counts. A Mish of k x that is divided by k is one of x, with the scale k.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

import onnx

from mish.onnx._find.constants import Uniform, fold, uniform
from mish.onnx._find.site import Match, Site, spelling
from mish.onnx._find.trace import Instruction, Operand, Reader, Tracer
from mish.onnx._model.scopes import Scope, Value
from mish.onnx._prove.operators import FLOATS, HALVES, is_standard
from mish.onnx._prove.scale import scale_of

_LONGEST = 72  # nodes in a spelling; the longest, our own for float16, has 65
_DEEPEST = 16  # constants made from constants

_MOST_VERDICTS = 4096  # to be remembered

_CAN_END_MISH = {"Add", "Div", "Mish", "Mul", "Neg", "Sub", "Sum", "Where"}
_SCALING = ("Clip", "Div", "Max", "Min", "Mul")
_NONLINEAR = {"Cosh", "Exp", "Log", "Mish", "Pow", "Sigmoid", "Sinh", "Softplus", "Tanh"}

Verdict = tuple[float | None, set[tuple[int, ...]]]  # of which scale, and its constants' shapes
Place = tuple[int, int]  # depth of the scope and position of the node: later nodes are larger


@dataclass(slots=True, eq=False)
class _Origin:
    """Where a value comes from.

    Attributes:
        place: Where it is made; that of an input or an initializer is before all nodes.
        scope: The scope that makes it.
        name: Its name.
        node: The node that makes it, if one does.
        constant: What it is, if it is a uniform constant.
    """

    place: Place
    scope: Scope
    name: str
    node: onnx.NodeProto | None
    constant: Uniform | None = None

    @property
    def told(self) -> tuple[object, ...]:
        """The constant, told apart to the bit."""
        assert self.constant is not None, "it is one"
        return repr(self.constant.value), self.constant.kind, self.constant.shape


class _Cut(NamedTuple):
    """A value that alone decides a node's output.

    Attributes:
        origin: The value.
        nodes: What lies between it and the output, the last first. It grows with the next cut.
        instructions: The same as instructions.
        wiring: What each instruction does to which of the others' results: all that decides the
            function.
        within: The matches that lie there, which have the same input.
        beyond: Whether they have another input, which is a multiple of the value, or within limits.
    """

    origin: _Origin
    nodes: list[onnx.NodeProto]
    instructions: list[Instruction]
    wiring: tuple[object, ...]
    within: list[Match]
    beyond: bool


class Verdicts:
    """What came out for the cuts that were judged. What is wired alike is judged once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Verdict | None] = {}

    def of(self, key: tuple[object, ...], judge: Callable[[], Verdict | None]) -> Verdict | None:
        """The verdict for what a key describes; asks for it if it is not known."""
        if key not in self._known:
            if len(self._known) >= _MOST_VERDICTS:
                self._known.clear()
            self._known[key] = judge()
        return self._known[key]


class Finder:
    """Finds the matches of one scope.

    Args:
        scope: The scope.
        reader: Reads the model's nodes.
        verdicts: What is known from other scopes.
    """

    def __init__(self, scope: Scope, reader: Reader, verdicts: Verdicts) -> None:
        self._scope = scope
        self._reader = reader
        self._verdicts = verdicts
        self._origins: dict[tuple[int, str], _Origin | None] = {}
        self._instructions: dict[Place, Instruction | None] = {}
        self._ends: dict[str, Match] = {}
        self._readers = Counter(chain.from_iterable(scope.reads))
        self._readers.update(scope.results)

    def matches(self) -> list[Match]:
        """The scope's matches, in the order of their last nodes."""
        for node in self._scope.body.node:
            op = node.op_type
            if op not in _CAN_END_MISH and op != "Cast" and not self._reader.calls(node):
                continue
            if len(node.output) != 1 or not node.output[0]:
                continue
            match = self._widened(node) if is_standard(node, "Cast") else self._match(node)
            if match is not None:
                self._ends[match.site.output] = match
        return list(self._ends.values())

    def replaced(self) -> set[str]:
        """The values of the scope that are there for its matches alone, their outputs included."""
        found = set(self._ends)
        gone = Counter[str]()
        for match in reversed(self._ends.values()):
            for node in reversed(match.nodes):
                name = node.output[0]
                if name in self._ends or (name not in found and gone[name] == self._readers[name]):
                    found.add(name)
                    gone.update(node.input)
        return found

    def _match(self, last: onnx.NodeProto) -> Match | None:
        for cut in self._cuts(last):
            name = cut.origin.name
            output, value = self._scope.known(last.output[0]), cut.origin.scope.known(name)
            kind = value.kind if value.kind in FLOATS else onnx.TensorProto.FLOAT
            double = onnx.TensorProto.DOUBLE in (value.kind, output.kind)
            verdict = self._verdicts.of(
                (cut.wiring, kind, double), partial(self._judged, cut, kind, double)
            )
            if verdict is None:
                return None  # what cannot be followed here is in all further cuts too
            scale, shapes = verdict
            if scale is None:
                continue
            if cut.beyond and not all(self._is_private(each, cut.nodes) for each in cut.within):
                return None
            doubt = _doubt(value, output, shapes)
            if doubt and any(match.doubt is None for match in cut.within):
                return None
            for match in cut.within:
                self._drop(match, cut.nodes)
            nodes = tuple(reversed(cut.nodes))
            place = self._scope.place
            site = Site(spelling(nodes), name, last.output[0], last.name, place, scale)
            return Match(site, self._scope, value, output, nodes, doubt)
        return None

    def _drop(self, match: Match, nodes: list[onnx.NodeProto]) -> None:
        """Forget a match that only these nodes read, for they are a match themselves."""
        if self._is_private(match, nodes):
            self._ends.pop(match.site.output, None)

    def _is_private(self, match: Match, nodes: list[onnx.NodeProto]) -> bool:
        """Whether nothing but these nodes reads a match."""
        name = match.site.output
        return self._readers[name] == sum(list(node.input).count(name) for node in nodes)

    def _widened(self, cast: onnx.NodeProto) -> Match | None:
        """The match of a Cast to half precision after a Mish that one from it goes before.

        That Mish is computed in float32 and rounded at the end, as any form of it would be. Casts
        that go the other way round the input, and float64 inside has a purpose: both stay.
        """
        inner = self._ends.get(cast.input[0]) if len(cast.input) == 1 else None
        if inner is None or self._readers[cast.input[0]] != 1 or inner.doubt:
            return None
        made = self._scope.makers.get(inner.site.input)
        if made is None or not is_standard(made[1], "Cast") or len(made[1].input) != 1:
            return None
        x, y = made[1].input[0], cast.output[0]
        value, output = self._scope.known(x), self._scope.known(y)
        if value.kind not in HALVES or value.kind != output.kind:
            return None
        if inner.output.kind != onnx.TensorProto.FLOAT:
            return None
        del self._ends[inner.site.output]
        site = replace(inner.site, input=x, output=y, node=cast.name)
        nodes = (made[1], *inner.nodes, cast)
        return Match(site, self._scope, value, output, nodes, None)

    def _cuts(self, last: onnx.NodeProto) -> Iterator[_Cut]:
        """Each value that alone decides the node's output, nearest first.

        Beyond a match only its own input is one: the node may be the same Mish once more. And
        where that input is a multiple of another value, or limited, that value: the node may be
        Mish of a scale.
        """
        frontier: dict[str, _Origin] = {}
        nodes: list[onnx.NodeProto] = []
        instructions: list[Instruction] = []
        numbers: dict[str, int] = {}
        wiring: list[object] = []
        within: list[Match] = []
        goal: str | None = None
        bent = beyond = False
        origin = self._origin(self._scope, last.output[0])
        while origin is not None and origin.node is not None and len(nodes) < _LONGEST:
            instruction = self._read(origin)
            if instruction is None or instruction.constant is not None:
                return
            nodes.append(origin.node)
            instructions.append(instruction)
            bent = bent or instruction.op in _NONLINEAR or instruction.op is None
            wires: list[object] = [numbers.setdefault(origin.name, len(numbers))]
            for name in instruction.operands:
                read = self._origin(origin.scope, name) if name else None
                if name and read is None:
                    return
                if read is None or read.constant is not None:
                    wires.append(None if read is None else read.told)
                else:
                    frontier[name] = read
                    wires.append(numbers.setdefault(name, len(numbers)))
            like = instruction.like and (self._kind(instruction.like) or instruction.like)
            body = id(instruction.body)
            wiring.append((instruction.op, instruction.attributes, body, like, *wires))
            if not frontier:
                return
            origin = max(frontier.values(), key=_place)
            del frontier[origin.name]
            if bent and not frontier and goal in (None, origin.name):
                yield _Cut(origin, nodes, instructions, tuple(wiring), within, beyond)
            if origin.name == goal:
                goal = self._scaled(origin)
                if goal is None:
                    return
                beyond = True
                continue
            match = self._ends.get(origin.name) if origin.scope is self._scope else None
            if match is not None:
                if goal not in (None, match.site.input):
                    return
                goal = match.site.input
                within.append(match)

    def _scaled(self, origin: _Origin) -> str | None:
        """The value of which another one is a multiple, or which it is within limits."""
        node = origin.node
        if node is None or origin.name in self._ends:
            return None
        if not any(is_standard(node, op) for op in _SCALING):
            return None
        sources = [self._origin(origin.scope, name) for name in node.input if name]
        names = [each.name for each in sources if each is not None and each.constant is None]
        return names[0] if len(names) == 1 else None

    def _judged(self, cut: _Cut, kind: int, double: bool) -> Verdict | None:
        """Of which scale a cut is Mish, if it is; None if it cannot be followed."""
        tracer = Tracer(kind)
        values: dict[str, Operand] = {cut.origin.name: tracer.argument()}

        def known(name: str) -> Operand | None:
            if name in values:
                return values[name]
            origin = self._origin(self._scope, name)
            return None if origin is None else origin.constant

        result: Operand | None = None
        for instruction in reversed(cut.instructions):
            result = tracer.follow(instruction, known, self._kind)
            if result is None:
                return None
            values[instruction.output] = result
        program = tracer.program(result)
        scale = None if program is None else scale_of(program, kind, double=double)
        return scale, tracer.shapes

    def _kind(self, name: str) -> int:
        return self._scope.known(name).kind

    def _read(self, origin: _Origin) -> Instruction | None:
        """The instruction that makes a value."""
        if origin.place not in self._instructions:
            node = origin.node
            self._instructions[origin.place] = None if node is None else self._reader.read(node)
        return self._instructions[origin.place]

    def _origin(self, scope: Scope, name: str, depth: int = 0) -> _Origin | None:
        """Where a value that a scope reads comes from."""
        key = scope.depth, name
        if key not in self._origins:
            self._origins[key] = self._sought(scope, name, depth)
        return self._origins[key]

    def _sought(self, scope: Scope, name: str, depth: int) -> _Origin | None:
        owner = scope.owner(name)
        if owner is None:
            return None
        position, node = owner.makers.get(name, (-1, None))
        origin = _Origin((owner.depth, position), owner, name, node)
        if name in owner.fixed:
            origin.constant = uniform(owner.fixed[name])
        elif node is not None:
            self._origins[scope.depth, name] = origin  # should it need itself
            origin.constant = self._folded(origin, depth)
        return origin

    def _folded(self, origin: _Origin, depth: int) -> Uniform | None:
        """What a node makes of constants."""
        instruction = self._read(origin)
        if instruction is None or instruction.op is None:
            return None if instruction is None else instruction.constant
        if depth > _DEEPEST:
            return None
        constants: list[Uniform | None] = []
        for name in instruction.operands:
            read = self._origin(origin.scope, name, depth + 1) if name else None
            if name and (read is None or read.constant is None):
                return None
            constants.append(None if read is None else read.constant)
        like = origin.scope.known(instruction.like).kind if instruction.like else 0
        return fold(instruction.op, dict(instruction.attributes), constants, like)


def _place(origin: _Origin) -> Place:
    return origin.place


def _doubt(x: Value, y: Value, shapes: set[tuple[int, ...]]) -> str | None:
    """Why a match cannot be rewritten, or None if it can."""
    if x.kind not in FLOATS or y.kind not in FLOATS:
        return "the element type of its input is not known"
    if all(_fits(shape, x) for shape in shapes):
        return None
    return "the shape of its input is not known well enough to tell that its constants keep it"


def _fits(shape: tuple[int, ...], x: Value) -> bool:
    """Whether a constant of this shape leaves the shape of what it is combined with."""
    if not shape:
        return True
    if x.shape is None or len(shape) > len(x.shape):
        return False
    ends = zip(reversed(shape), reversed(x.shape), strict=False)
    return all(length in (1, axis) for length, axis in ends)
