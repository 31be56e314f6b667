"""Checks a model without touching its weights."""

from __future__ import annotations

import onnx
from onnx import helper
from onnx.external_data_helper import uses_external_data

from mish.onnx._model.files import ModelError, external_tensors, first_line


def without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which each initializer has become an input of the same type and shape.

    Constants whose data is in another file lose it and become empty.
    The checker and shape inference work on serialized models. This keeps gigabytes of weights,
    and weights in files elsewhere, out of that.
    """
    graph = onnx.GraphProto(name=model.graph.name)
    for field in ("node", "input", "output", "value_info"):
        getattr(graph, field).extend(getattr(model.graph, field))
    inputs = {value.name for value in graph.input}
    weights = [(tensor, tensor.dims) for tensor in model.graph.initializer]
    weights += [(sparse.values, sparse.dims) for sparse in model.graph.sparse_initializer]
    types: dict[tuple[int, ...], onnx.TypeProto] = {}
    for tensor, shape in weights:
        if tensor.name not in inputs:
            key = tensor.data_type, *shape
            if key not in types:
                types[key] = helper.make_tensor_type_proto(tensor.data_type, list(shape))
            graph.input.append(onnx.ValueInfoProto(name=tensor.name, type=types[key]))
    light = onnx.ModelProto(
        ir_version=model.ir_version,
        opset_import=model.opset_import,
        functions=model.functions,
        graph=graph,
    )
    for tensor in external_tensors(light):  # those of Constant nodes
        empty = onnx.TensorProto(data_type=tensor.data_type, dims=[0], raw_data=b"")
        tensor.CopyFrom(empty)
    return light


def check(model: onnx.ModelProto, *, weights: bool = True) -> onnx.ModelProto:
    """Run ONNX's checker, and return the copy that it saw.

    Args:
        model: The model.
        weights: Whether to check its initializers too.

    Raises:
        ModelError: If the model breaks ONNX's rules.
    """
    light = without_weights(model)
    whole = _completed(light)
    try:
        onnx.checker.check_model(whole)
        for tensor in model.graph.initializer if weights else ():
            if not uses_external_data(tensor):
                onnx.checker.check_tensor(tensor)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        raise ModelError(f"not a valid ONNX model: {first_line(error)}") from error
    return light


def _completed(light: onnx.ModelProto) -> onnx.ModelProto:
    """A model whose inputs and outputs have the shape, and outputs the type, that they lack.

    The checker wants both. ONNX Runtime runs models without, as exporters leave out what they do
    not know.

    Raises:
        ModelError: If an input has no type.
    """
    for value in light.graph.input:
        if value.type.WhichOneof("value") is None:
            raise ModelError(f"the input {value.name} has no type; give it one")
    if all(map(_is_complete, (*light.graph.input, *light.graph.output))):
        return light
    whole = onnx.ModelProto()
    whole.CopyFrom(light)
    for value in (*whole.graph.input, *whole.graph.output):
        if value.type.WhichOneof("value") is None:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.shape.SetInParent()
    return whole


def _is_complete(value: onnx.ValueInfoProto) -> bool:
    if value.type.HasField("tensor_type"):
        return bool(value.type.tensor_type.HasField("shape"))
    return value.type.WhichOneof("value") is not None
