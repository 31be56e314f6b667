"""A model as it would be if float16 and bfloat16 were float32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, TypeProto, helper, numpy_helper
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data

from mish.onnx._model.files import all_tensors
from mish.onnx._model.infer import typed_scopes
from mish.onnx._model.scopes import Body, all_nodes, subgraphs
from mish.onnx._prove.operators import HALVES

# the attributes of ONNX's operators that name an element type
_TYPE_NAMES = {"to", "dtype", "output_dtype", "output_datatype", "stash_type"}


def has_halves(model: onnx.ModelProto) -> bool:
    """Whether a tensor or a declared value of a model is float16 or bfloat16, or becomes so."""
    return (
        any(tensor.data_type in HALVES for tensor in all_tensors(model))
        or any(tensor.elem_type in HALVES for tensor in _types(model))
        or any(each.i in HALVES for each in _type_attributes(model))
    )


def widened(
    model: onnx.ModelProto, folder: Path | None, *, rounded: bool = False
) -> onnx.ModelProto:
    """A copy in which every float16 and bfloat16 has become float32.

    Its weights are the same numbers. What it computes is what the model would without rounding
    to half precision on the way. Weights of half precision in other files are read, all others
    stay there.

    Args:
        model: The model.
        folder: What the locations of its external data are relative to.
        rounded: Whether to round every value to the type that it had. That is the model as it is
            written, node by node; a runtime may well keep more digits.

    Raises:
        ModelError: If its types contradict each other.
    """
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    halves = _half_values(wide) if rounded else []
    for tensor in all_tensors(wide):
        if tensor.data_type in HALVES:
            if uses_external_data(tensor):
                load_external_data_for_tensor(tensor, str(folder or Path()))
            numbers = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(numbers, tensor.name))
    for described in _types(wide):
        if described.elem_type in HALVES:
            described.elem_type = TensorProto.FLOAT
    for attribute in _type_attributes(wide):
        if attribute.i in HALVES:
            attribute.i = TensorProto.FLOAT
    for body, kinds in halves:
        _round(body, kinds)
    return wide


def _half_values(model: onnx.ModelProto) -> list[tuple[Body, dict[str, int]]]:
    """The type of each value of half precision that a node makes, inner scopes first."""
    return [
        (
            scope.body,
            {name: kind for name in scope.makers if (kind := scope.known(name).kind) in HALVES},
        )
        for scope in reversed(typed_scopes(model)[0])
    ]


def _round(body: Body, kinds: dict[str, int]) -> None:
    """Round values of a body to these types and back to float32 where they are made."""
    nodes: list[onnx.NodeProto] = []
    for node in body.node:
        nodes.append(node)
        for index, name in enumerate(node.output):
            if name in kinds:
                exact, half = f"{name}/exact", f"{name}/half"
                node.output[index] = exact
                nodes.append(helper.make_node("Cast", [exact], [half], to=kinds[name]))
                nodes.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    del body.node[:]
    body.node.extend(nodes)


def _type_attributes(model: onnx.ModelProto) -> Iterator[onnx.AttributeProto]:
    for body in (model.graph, *model.functions):
        for node in all_nodes(body):
            yield from (each for each in node.attribute if each.name in _TYPE_NAMES)
    for function in model.functions:
        yield from (each for each in function.attribute_proto if each.name in _TYPE_NAMES)


def _types(model: onnx.ModelProto) -> Iterator[TypeProto.Tensor]:
    """What a model says of the types of its values, in every scope."""
    for body in (model.graph, *model.functions):
        yield from _types_in(body)


def _types_in(body: Body) -> Iterator[TypeProto.Tensor]:
    values: Iterable[onnx.ValueInfoProto] = body.value_info
    if isinstance(body, onnx.GraphProto):
        values = (*body.value_info, *body.input, *body.output)
    for value in values:
        yield from _tensors_of(value.type)
    for node in body.node:
        for attribute in node.attribute:
            if attribute.HasField("tp"):
                yield from _tensors_of(attribute.tp)
        for _, graph in subgraphs(node):
            yield from _types_in(graph)


def _tensors_of(described: TypeProto) -> Iterator[TypeProto.Tensor]:
    """The tensor that a type describes, however deep in sequences and optional values."""
    kind = described.WhichOneof("value")
    if kind == "tensor_type":
        yield described.tensor_type
    elif kind in ("sequence_type", "optional_type"):
        yield from _tensors_of(getattr(described, kind).elem_type)
