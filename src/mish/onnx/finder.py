"""Finds the places where one scope of a model computes Mish, however it is written.

A place is a node and a value further up such that all paths from the node's output upwards lead
through elementwise operators to that value or to uniform constants. Then the output is a function
of that one value, element by element, and its values decide whether the function is Mish.

Where one such place lies in another, as the branches of a Mish written in two do, the outer one
counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import onnx

from mish.onnx.constants import Uniform, constant_of, fold, uniform
from mish.onnx.operators import FLOATS, elementwise, is_standard, reads
from mish.onnx.program import Program
from mish.onnx.proof import is_mish
from mish.onnx.scopes import Scope, Value, called, names_read
from mish.onnx.site import Match, Site, spelling
from mish.onnx.trace import Instruction, Operand, Reader, Tracer

_LONGEST = 48  # nodes in a spelling; the longest seen has 12
_DEEPEST = 16  # constants made from constants

_LAST = {"Add", "Div", "Mish", "Mul", "Neg", "Sub", "Sum", "Where"}
_BENT = {"Cosh", "Exp", "Log", "Mish", "Pow", "Sigmoid", "Sinh", "Softplus", "Tanh"}
_HALVES = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)

Place = tuple[int, int]  # depth of the scope and position of the node: later nodes are larger
Key = tuple[int, str]  # identity of the scope that makes a value, and its name


@dataclass(frozen=True)
class _Cut:
    """A value that alone decides a node's output.

    Attributes:
        scope: The scope that makes the value.
        name: Its name.
        nodes: What lies between it and the output, in the order in which it runs.
        within: The matches that lie there, which have the same input.
    """

    scope: Scope
    name: str
    nodes: list[onnx.NodeProto]
    within: list[Match]


class Finder:
    """Finds the matches of one scope.

    Args:
        scope: The scope.
        reader: Reads the model's nodes.
    """

    def __init__(self, scope: Scope, reader: Reader) -> None:
        self._scope = scope
        self._reader = reader
        self._constants: dict[Key, Uniform | None] = {}
        self._instructions: dict[Key, Instruction | None] = {}
        self._ends: dict[str, Match] = {}
        self._readers = Counter(names_read(scope.body.node))
        self._readers.update(scope.results)

    def matches(self) -> list[Match]:
        """The scope's matches, in the order of their last nodes."""
        for node in self._scope.body.node:
            if len(node.output) != 1 or not node.output[0]:
                continue
            if is_standard(node, "Cast"):
                match = self._widened(node)
            elif node.op_type in _LAST or called(node) in self._reader.functions:
                match = self._match(node)
            else:
                continue
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
            if not any(self._bends(node) for node in cut.nodes):
                continue
            output, value = self._scope.known(last.output[0]), cut.scope.known(cut.name)
            kind = value.kind if value.kind in FLOATS else onnx.TensorProto.FLOAT
            tracer = Tracer(kind)
            program = self._program(cut, tracer)
            if program is None:
                return None  # what cannot be followed here is in all further cuts too
            double = onnx.TensorProto.DOUBLE in (value.kind, output.kind)
            if not is_mish(program, kind, double=double):
                continue
            doubt = _doubt(value, output, tracer.shapes)
            if doubt and any(match.doubt is None for match in cut.within):
                return None
            for match in cut.within:
                self._drop(match, cut.nodes)
            site = Site(spelling(cut.nodes), cut.name, last.output[0], last.name, self._scope.place)
            return Match(site, self._scope, value, output, tuple(cut.nodes), doubt)
        return None

    def _bends(self, node: onnx.NodeProto) -> bool:
        return node.op_type in _BENT or called(node) in self._reader.functions

    def _drop(self, match: Match, nodes: list[onnx.NodeProto]) -> None:
        """Forget a match that only these nodes read, for they are a match themselves."""
        name = match.site.output
        if self._readers[name] == sum(list(node.input).count(name) for node in nodes):
            self._ends.pop(name, None)

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
        if value.kind not in _HALVES or value.kind != output.kind:
            return None
        if inner.output.kind != onnx.TensorProto.FLOAT:
            return None
        del self._ends[inner.site.output]
        site = Site(inner.site.spelling, x, y, cast.name, self._scope.place)
        nodes = (made[1], *inner.nodes, cast)
        return Match(site, self._scope, value, output, nodes, None)

    def _cuts(self, last: onnx.NodeProto) -> Iterator[_Cut]:
        """Each value that alone decides the node's output, nearest first.

        Beyond a match only its own input is one: the node may be the same Mish once more.
        """
        frontier: dict[Key, tuple[Place, Scope, str]] = {}
        nodes: list[onnx.NodeProto] = []
        within: list[Match] = []
        goal: Key | None = None
        scope, node = self._scope, last
        while len(nodes) < _LONGEST:
            nodes.insert(0, node)
            for name in reads(node):
                if not name or self._constant(scope, name) is not None:
                    continue
                owner = scope.owner(name)
                if owner is None:
                    return
                position = owner.makers[name][0] if name in owner.makers else -1
                frontier[id(owner), name] = ((owner.depth, position), owner, name)
            if not frontier:
                return
            if len(frontier) == 1:
                ((key, (_, owner, name)),) = frontier.items()
                if goal in (None, key):
                    yield _Cut(owner, name, list(nodes), list(within))
            key = max(frontier, key=lambda each: frontier[each][0])
            if key == goal:
                return
            _, scope, name = frontier.pop(key)
            made = scope.makers.get(name)
            if made is None:
                return
            node = made[1]
            if not self._reader.follows(node):
                return
            if scope is self._scope and name in self._ends:
                match = self._ends[name]
                start = id(scope.owner(match.site.input)), match.site.input
                if goal not in (None, start):
                    return
                goal = start
                within.append(match)

    def _program(self, cut: _Cut, tracer: Tracer) -> Program | None:
        values: dict[str, Operand] = {cut.name: tracer.argument()}

        def known(name: str) -> Operand | None:
            return values[name] if name in values else self._constant(self._scope, name)

        for node in cut.nodes:
            instruction = self._read(node)
            if instruction is None:
                return None
            result = tracer.follow(instruction, known, self._kind)
            if result is None:
                return None
            values[instruction.output] = result
        return tracer.program(result)

    def _read(self, node: onnx.NodeProto) -> Instruction | None:
        key = id(node), node.output[0]
        if key not in self._instructions:
            self._instructions[key] = self._reader.read(node)
        return self._instructions[key]

    def _kind(self, name: str) -> int:
        return self._scope.known(name).kind

    def _constant(self, scope: Scope, name: str, depth: int = 0) -> Uniform | None:
        """The constant of this name, be it given or computed from others."""
        owner = scope.owner(name)
        if owner is None or depth > _DEEPEST:
            return None
        key = id(owner), name
        if key not in self._constants:
            self._constants[key] = None  # should it need itself
            if name in owner.fixed:
                self._constants[key] = uniform(owner.fixed[name])
            elif name in owner.makers:
                self._constants[key] = self._folded(owner, owner.makers[name][1], depth)
        return self._constants[key]

    def _folded(self, scope: Scope, node: onnx.NodeProto, depth: int) -> Uniform | None:
        given = constant_of(node)
        if given is not None or elementwise(node) is None:
            return given
        instruction = self._read(node)
        names = reads(node)
        if instruction is None or instruction.op is None or not any(names):
            return None
        constants: list[Uniform | None] = []
        for name in names:
            constant = self._constant(scope, name, depth + 1) if name else None
            if name and constant is None:
                return None
            constants.append(constant)
        like = scope.known(node.input[1]).kind if is_standard(node, "CastLike") else 0
        return fold(instruction.op, dict(instruction.attributes), constants, like)


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
