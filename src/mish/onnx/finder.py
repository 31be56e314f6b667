"""Finds the places where one scope of a model computes Mish, however it is written.

A place is a node and a value further up such that all paths from the node's output upwards lead
through elementwise operators to that value or to uniform constants. Then the output is a function
of that one value, element by element, and its values decide whether the function is Mish.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx

from mish.onnx.operators import FLOATS, Array, compute, is_elementwise, is_standard, reads
from mish.onnx.proof import POINTS, is_mish
from mish.onnx.scopes import Functions, Scope, Uniform, Value, bound, called, constant_of, uniform
from mish.onnx.site import Match, Site, spelling

_LONGEST = 48  # nodes in a spelling; the longest seen has 12
_DEEPEST = 16  # constants made from constants, functions that call functions
_MOST_STEPS = 2000  # node evaluations in one proof, those in functions included

_LAST = {"Add", "Div", "Mish", "Mul", "Neg", "Sub", "Sum", "Where"}
_BENT = {"Cosh", "Exp", "Log", "Mish", "Pow", "Sigmoid", "Sinh", "Softplus", "Tanh"}
_HALVES = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)

Place = tuple[int, int]  # depth of the scope and position of the node: later nodes are larger
Key = tuple[int, str]  # identity of the scope that makes a value, and its name


@dataclass
class _Steps:
    """What one proof has used up, and the shapes of the constants that it met."""

    left: int = _MOST_STEPS
    shapes: set[tuple[int, ...]] = field(default_factory=set)


class Finder:
    """Finds the matches of one scope.

    Args:
        scope: The scope.
        functions: The model's own functions.
    """

    def __init__(self, scope: Scope, functions: Functions) -> None:
        self._scope = scope
        self._functions = functions
        self._constants: dict[Key, Uniform | None] = {}
        self._ends: dict[str, Match] = {}
        self._readers: dict[str, int] = {}
        for node in scope.body.node:
            for name in node.input:
                self._readers[name] = self._readers.get(name, 0) + 1
        for name in scope.results:
            self._readers[name] = self._readers.get(name, 0) + 1

    def matches(self) -> list[Match]:
        """The scope's matches, in the order of their last nodes."""
        for node in self._scope.body.node:
            if len(node.output) != 1 or not node.output[0]:
                continue
            if node.op_type in _LAST or called(node) in self._functions:
                match = self._match(node)
            elif is_standard(node, "Cast"):
                match = self._widened(node)
            else:
                continue
            if match is not None:
                self._ends[match.site.output] = match
        return list(self._ends.values())

    def _match(self, last: onnx.NodeProto) -> Match | None:
        for nodes, (scope, x) in self._cuts(last):
            if not any(node.op_type in _BENT or called(node) in self._functions for node in nodes):
                continue
            steps = _Steps()
            values = self._evaluate(nodes, scope, x, steps)
            output = self._scope.known(last.output[0])
            value = scope.known(x)
            double = onnx.TensorProto.DOUBLE in (value.kind, output.kind)
            if values is None or not is_mish(values, double=double):
                continue
            site = Site(spelling(nodes), x, last.output[0], last.name, self._scope.place)
            doubt = _doubt(value, output, steps.shapes)
            return Match(site, self._scope, value, output, tuple(nodes), doubt)
        return None

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

    def _cuts(
        self, last: onnx.NodeProto
    ) -> Iterator[tuple[list[onnx.NodeProto], tuple[Scope, str]]]:
        """Each value that alone decides the node's output, nearest first, with the nodes between.

        The nodes come in the order in which they run.
        """
        frontier: dict[Key, tuple[Place, Scope, str]] = {}
        nodes: list[onnx.NodeProto] = []
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
                ((_, owner, name),) = frontier.values()
                yield nodes, (owner, name)
            key = max(frontier, key=lambda each: frontier[each][0])
            _, scope, name = frontier.pop(key)
            made = scope.makers.get(name)
            if made is None or (scope is self._scope and name in self._ends):
                return
            node = made[1]
            if not (is_elementwise(node) or called(node) in self._functions):
                return

    def _evaluate(
        self, nodes: list[onnx.NodeProto], scope: Scope, x: str, steps: _Steps
    ) -> Array | None:
        values: dict[str, Array] = {x: POINTS}
        for node in nodes:
            inputs: list[Array | None] = []
            for name in node.input:
                if not name or name not in reads(node):
                    inputs.append(None)
                elif name in values:
                    inputs.append(values[name])
                else:
                    constant = self._constant(self._scope, name)
                    if constant is None:
                        return None
                    steps.shapes.add(constant.shape)
                    inputs.append(np.asarray(constant.value))
            result = self._run(node, inputs, steps, 0)
            if result is None:
                return None
            values[node.output[0]] = result
        return values[nodes[-1].output[0]]

    def _run(
        self, node: onnx.NodeProto, inputs: list[Array | None], steps: _Steps, depth: int
    ) -> Array | None:
        """The output of an elementwise node or of a function made of such."""
        function = self._functions.get(called(node))
        steps.left -= 1
        if steps.left < 0 or depth > _DEEPEST:
            return None
        if function is None:
            return compute(node, inputs)
        if len(function.output) != 1:
            return None
        values = {
            name: value
            for name, value in zip(function.input, inputs, strict=False)
            if value is not None
        }
        for inner in bound(function, node):
            if len(inner.output) != 1:
                return None
            constant = constant_of(inner)
            if constant is not None:
                steps.shapes.add(constant.shape)
                result: Array | None = np.asarray(constant.value)
            else:
                given = [values.get(name) for name in inner.input]
                result = self._run(inner, given, steps, depth + 1)
            if result is None:
                return None
            values[inner.output[0]] = result
        return values.get(function.output[0])

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
        if given is not None or not is_elementwise(node) or not node.input:
            return given
        constants = []
        for name in reads(node):
            constant = self._constant(scope, name, depth + 1) if name else None
            if constant is None:
                return None
            constants.append(constant)
        result = compute(node, [np.asarray(each.value) for each in constants])
        if result is None:
            return None
        try:
            shape = np.broadcast_shapes(*(each.shape for each in constants))
        except ValueError:
            return None
        return Uniform(float(result), shape)


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
