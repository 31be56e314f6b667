"""The bodies of nodes that a model has: its graph, the subgraphs of its nodes, its functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import onnx

from mish.onnx._model.files import ModelError

Body = onnx.GraphProto | onnx.FunctionProto
FunctionKey = tuple[str, str, str]
"""The domain, the name and the overload of a function. No two functions of a model share it."""
Functions = Mapping[FunctionKey, onnx.FunctionProto]

_MOST_CALLED_NODES = 10_000_000


@dataclass(frozen=True)
class Value:
    """What is known of a value.

    Attributes:
        kind: Its ONNX element type; 0 if unknown.
        shape: The length of each axis, None for an open one; None if the rank is unknown.
    """

    kind: int = 0
    shape: tuple[int | None, ...] | None = None


@dataclass
class Scope:
    """One body of nodes, and the scope that lies around it.

    Attributes:
        body: The graph or function.
        place: Where it is in the model: "" for the main graph.
        outer: The scope around it, whose values it may read.
        values: What is known of its values by name.
        overridable: Whether an initializer that is an input too is only a default.
        makers: The node that makes a value, with the node's position in the body.
        fixed: Its initializers that no caller can override.
        reads: The names that each node reads, its subgraphs included.
        nests: The positions of the nodes that have subgraphs.
    """

    body: Body
    place: str
    outer: Scope | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    overridable: bool = True
    makers: dict[str, tuple[int, onnx.NodeProto]] = field(init=False)
    fixed: dict[str, onnx.TensorProto] = field(init=False, default_factory=dict)
    reads: list[list[str]] = field(init=False, default_factory=list)
    nests: set[int] = field(init=False, default_factory=set)
    depth: int = field(init=False)
    _inputs: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Index the body."""
        self.makers = {}
        for position, node in enumerate(self.body.node):
            for name in node.output:
                if name:
                    self.makers[name] = position, node
            if node.attribute and any(subgraphs(node)):
                self.nests.add(position)
                self.reads.append(names_read([node]))
            else:
                self.reads.append(list(node.input))
        self.depth = 0 if self.outer is None else self.outer.depth + 1
        if isinstance(self.body, onnx.GraphProto):
            self._inputs = {value.name for value in self.body.input}
            self.fixed = {
                tensor.name: tensor
                for tensor in self.body.initializer
                if tensor.name not in self._inputs or not self.overridable
            }
        else:
            self._inputs = set(self.body.input)

    @property
    def results(self) -> list[str]:
        """The names of the body's outputs."""
        if isinstance(self.body, onnx.FunctionProto):
            return list(self.body.output)
        return [value.name for value in self.body.output]

    @property
    def root(self) -> Scope:
        """The main graph or the function that the scope is, or lies in."""
        return self if self.outer is None else self.outer.root

    def owner(self, name: str) -> Scope | None:
        """The scope, this or one around it, in which a value of this name is made."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.makers or name in scope.fixed or name in scope._inputs:
                return scope
            scope = scope.outer
        return None

    def known(self, name: str) -> Value:
        """What is known of a value, wherever it is made."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        return Value()


def subgraphs(node: onnx.NodeProto) -> Iterator[tuple[str, onnx.GraphProto]]:
    """The graphs that a node holds, each with the name of the attribute."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.name, attribute.g
        for index, graph in enumerate(attribute.graphs):
            yield f"{attribute.name}[{index}]", graph


def scopes(
    body: Body, place: str = "", outer: Scope | None = None, overridable: bool = True
) -> Iterator[Scope]:
    """A body as a scope, then the subgraphs of its nodes, each followed by those in it."""
    scope = Scope(body, place, outer, overridable=overridable)
    yield scope
    for index, node in enumerate(body.node):
        for name, graph in subgraphs(node) if node.attribute else ():
            inside = f"{node.name or f'{node.op_type} {index}'}/{name}"
            path = f"{place}/{inside}" if place else inside
            yield from scopes(graph, path, scope, overridable)


def all_nodes(body: Body) -> Iterator[onnx.NodeProto]:
    """Every node of a body, those of its nodes' subgraphs included."""
    for node in body.node:
        yield node
        for _, graph in subgraphs(node):
            yield from all_nodes(graph)


def names_read(nodes: Iterable[onnx.NodeProto]) -> list[str]:
    """Each name that the nodes read, once for each time, their subgraphs included."""
    names: list[str] = []
    for node in nodes:
        names += node.input
        if node.attribute:
            for _, graph in subgraphs(node):
                names += [value.name for value in graph.output]
                names += names_read(graph.node)
    return names


def functions_of(model: onnx.ModelProto) -> dict[FunctionKey, onnx.FunctionProto]:
    """A model's own functions by key, each before those that it calls.

    Raises:
        ModelError: If they call each other in a circle, or so often that nothing could run
            them.
    """
    functions = {key_of(each): each for each in model.functions}
    calls = {
        key: [callee for node in all_nodes(body) if (callee := called(node)) in functions]
        for key, body in functions.items()
    }
    sizes: dict[FunctionKey, int] = {}
    open_calls: set[FunctionKey] = set()
    for first in functions:
        todo = [first]
        while todo:
            key = todo[-1]
            waiting = [callee for callee in calls[key] if callee not in sizes]
            if key in sizes:
                todo.pop()
            elif not waiting:
                size = len(functions[key].node) + sum(sizes[callee] for callee in calls[key])
                if size > _MOST_CALLED_NODES:
                    raise ModelError(f"the function {key[1]!r} comes to over {size} nodes")
                sizes[todo.pop()] = size
                open_calls.discard(key)
            else:
                open_calls.add(key)
                if not open_calls.isdisjoint(waiting):
                    raise ModelError(f"the function {key[1]!r} calls itself, directly or not")
                todo.extend(set(waiting))
    return {key: functions[key] for key in reversed(sizes)}


def key_of(function: onnx.FunctionProto) -> FunctionKey:
    """The key of a function."""
    return function.domain, function.name, function.overload


def called(node: onnx.NodeProto) -> FunctionKey:
    """The key under which a model's function would have to be for a node to call it."""
    return node.domain, node.op_type, node.overload


def title(key: FunctionKey) -> str:
    """A function's key in words: ``domain.name``, and the overload after a colon if it has one."""
    domain, name, overload = key
    return f"{domain}.{name}:{overload}" if overload else f"{domain}.{name}"


def bound(function: onnx.FunctionProto, call: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Copies of a function's nodes in which the call's attributes stand for the references."""
    given = {each.name: each for each in (*function.attribute_proto, *call.attribute)}
    nodes = []
    for original in function.node:
        node = onnx.NodeProto()
        node.CopyFrom(original)
        del node.attribute[:]
        for attribute in original.attribute:
            source = given.get(attribute.ref_attr_name) if attribute.ref_attr_name else attribute
            if source is not None:
                node.attribute.add().CopyFrom(source)
                node.attribute[-1].name = attribute.name
        nodes.append(node)
    return nodes
