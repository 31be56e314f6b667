"""Finds out the element types and shapes of a model's values, in every scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import onnx
from onnx import helper

from mish.onnx._model.checking import without_weights
from mish.onnx._model.files import ModelError, first_line
from mish.onnx._model.scopes import (
    FunctionKey,
    Functions,
    Scope,
    Value,
    all_nodes,
    bound,
    called,
    functions_of,
    scopes,
    subgraphs,
    title,
)

_MOST_SIGNATURES = 1000


def typed_scopes(
    model: onnx.ModelProto, light: onnx.ModelProto | None = None
) -> tuple[list[Scope], Functions]:
    """The scopes of a model with what can be inferred of their values, and its functions.

    The main graph comes first, then its subgraphs, then the functions with theirs. The values
    in a function are what they are at its calls; where calls differ they are unknown.

    Args:
        model: The model.
        light: A copy of it by `without_weights`, if there is one already.

    Raises:
        ModelError: If the types contradict each other, or functions call each other in a circle.
    """
    functions = functions_of(model)
    # before version 4 of the format every initializer had to be an input
    found = list(scopes(model.graph, overridable=model.ir_version >= 4))
    for scope, graph in zip(found, _inferred(light or without_weights(model)), strict=True):
        scope.values = _Values(graph)
    calls = [(scope, node) for scope in found for node in scope.body.node] if functions else []
    bodies = {key: list(scopes(body, title(key))) for key, body in functions.items()}
    seen: dict[FunctionKey, list[list[Mapping[str, Value]]]] = {key: [] for key in functions}
    below = _below(functions)
    signatures: set[tuple[object, ...]] = set()
    while calls:
        scope, node = calls.pop()
        key = called(node)
        if key not in functions or len(signatures) >= _MOST_SIGNATURES:
            continue
        arguments = [scope.known(name) for name in node.input]
        signature = (key, *arguments, *(each.SerializeToString() for each in node.attribute))
        if signature in signatures:
            continue
        signatures.add(signature)
        inside = _instance(model, functions[key], below[key], node, arguments)
        seen[key].append(inside)
        for body, values in zip(bodies[key], inside, strict=True):
            probe = Scope(body.body, body.place, None, values)
            calls += [(probe, each) for each in body.body.node if called(each) in functions]
    for key, instances in seen.items():
        for index, body in enumerate(bodies[key]):
            body.values = _agreed([instance[index] for instance in instances])
        found += bodies[key]
    return found, functions


def _below(functions: Functions) -> dict[FunctionKey, list[onnx.FunctionProto]]:
    """The functions that each function calls, directly or through others."""
    keys: dict[FunctionKey, set[FunctionKey]] = {}
    for key, function in reversed([*functions.items()]):  # those that it calls come first
        called_here = {called(node) for node in all_nodes(function)} & functions.keys()
        keys[key] = called_here.union(*(keys[each] for each in called_here))
    return {key: [functions[each] for each in below] for key, below in keys.items()}


def _inferred(light: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """The main graph and its subgraphs, in the order of ``scopes``, with types."""
    try:
        graph = onnx.shape_inference.infer_shapes(light).graph
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        raise ModelError(f"the model's types do not fit together: {first_line(error)}") from error
    return _graphs(graph)


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for _, inner in subgraphs(node) if node.attribute else ():
            yield from _graphs(inner)


class _Values(Mapping[str, Value]):
    """What a graph says of its values. Most are never asked for."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._told: dict[str, onnx.ValueInfoProto | onnx.TensorProto] = {
            weight.name: weight for weight in graph.initializer
        }
        for values in (graph.input, graph.value_info, graph.output):
            self._told.update((value.name, value) for value in values)

    def __getitem__(self, name: str) -> Value:
        told = self._told[name]
        if isinstance(told, onnx.TensorProto):
            return Value(told.data_type, tuple(told.dims))
        tensor = told.type.tensor_type
        if not tensor.HasField("shape"):
            return Value(tensor.elem_type)
        axes = (axis.dim_value if axis.HasField("dim_value") else None for axis in tensor.shape.dim)
        return Value(tensor.elem_type, tuple(axes))

    def __contains__(self, name: object) -> bool:
        return name in self._told

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)


def _instance(
    model: onnx.ModelProto,
    function: onnx.FunctionProto,
    below: list[onnx.FunctionProto],
    call: onnx.NodeProto,
    arguments: list[Value],
) -> list[Mapping[str, Value]]:
    """The values in a function's scopes at one of its calls, none if they cannot be inferred."""
    graph = onnx.GraphProto(name=function.name)
    graph.node.extend(bound(function, call))
    for name, value in zip(function.input, arguments, strict=False):
        if value.kind:
            graph.input.append(helper.make_tensor_value_info(name, value.kind, value.shape))
        else:
            graph.input.append(helper.make_empty_tensor_value_info(name))
    graph.output.extend(helper.make_empty_tensor_value_info(name) for name in function.output)
    probe = onnx.ModelProto(
        ir_version=model.ir_version,
        opset_import=function.opset_import,
        functions=below,
        graph=graph,
    )
    try:
        return [_Values(each) for each in _inferred(without_weights(probe))]
    except ModelError:
        return [{} for _ in scopes(function)]


def _agreed(instances: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    agreed: dict[str, Value] = {}
    for values in instances:
        for name, value in values.items():
            other = agreed.setdefault(name, value)
            kind = value.kind if value.kind == other.kind else 0
            agreed[name] = Value(kind, value.shape if value.shape == other.shape else None)
    return agreed


def used_functions(model: onnx.ModelProto, functions: Functions) -> set[FunctionKey]:
    """The functions that the main graph calls, directly or through others."""
    if not functions:
        return set()
    used: set[FunctionKey] = set()
    todo = [called(node) for node in all_nodes(model.graph)]
    while todo:
        key = todo.pop()
        if key in functions and key not in used:
            used.add(key)
            todo.extend(called(node) for node in all_nodes(functions[key]))
    return used
