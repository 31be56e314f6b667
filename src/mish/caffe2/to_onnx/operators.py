"""How each operator of Caffe2 is written in ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from onnx import TensorProto, numpy_helper

from mish.caffe2._contract.registry import Invocation
from mish.caffe2._run.operator import BoundOperator
from mish.caffe2.operators.arithmetic import broadcast_axis
from mish.caffe2.operators.conv import window
from mish.caffe2.operators.losses import LEAST_PROBABILITY
from mish.caffe2.operators.normalization import epsilon
from mish.caffe2.operators.pieces import axis_of
from mish.caffe2.to_onnx.graph import Graph

Converter: TypeAlias = Callable[[Graph, Invocation], None]

CONVERTERS: dict[str, Converter] = {}
"""By the type of the operator: a function that appends its nodes to a graph."""


def _converts(*types: str) -> Callable[[Converter], Converter]:
    def register(converter: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(types, converter))
        return converter

    return register


def _inputs(graph: Graph, call: Invocation) -> list[str]:
    return [graph.read(blob) for blob in call.definition.input]


def _output(graph: Graph, call: Invocation) -> str:
    return graph.write(call.definition.output[0])


@_converts("Mish", "Relu", "Sigmoid", "Tanh")
def _same(graph: Graph, call: Invocation) -> None:
    """Operators that ONNX has under the same name."""
    (x,) = _inputs(graph, call)
    graph.add(call.definition.type, x, output=_output(graph, call))


@_converts("Swish")
def _swish(graph: Graph, call: Invocation) -> None:
    (x,) = _inputs(graph, call)
    graph.add("Mul", x, graph.add("Sigmoid", x), output=_output(graph, call))


@_converts("Sum")
def _sum(graph: Graph, call: Invocation) -> None:
    values = _inputs(graph, call)
    for other in values[1:]:
        graph.same_rank(values[0], other)
    graph.add("Sum", *values, output=_output(graph, call))


@_converts("Add", "Mul")
def _add_or_multiply(graph: Graph, call: Invocation) -> None:
    a, b = _inputs(graph, call)
    axis = broadcast_axis(call.arguments)
    longer = a
    if axis is None:
        if a in graph.rank and b in graph.rank:
            longer = max(a, b, key=graph.rank.__getitem__)
        else:
            graph.same_rank(a, b)
    elif axis != -1:
        if a not in graph.rank or b not in graph.rank:
            raise call.error(
                "nothing in the net tells how many axes its operands have; give an example of the "
                "net's input (--input on the command line)"
            )
        trailing = range(graph.rank[b], graph.rank[a] - axis)
        if trailing:
            axes = graph.integers(trailing, b)
            b = graph.add("Unsqueeze", b, axes, rank=graph.rank[b] + len(trailing))
    graph.add(call.definition.type, a, b, output=_output(graph, call), rank=longer)


@_converts("Copy", "StopGradient")
def _identity(graph: Graph, call: Invocation) -> None:
    (x,) = _inputs(graph, call)
    graph.add("Identity", x, output=_output(graph, call))


@_converts("Concat")
def _concat(graph: Graph, call: Invocation) -> None:
    values = _inputs(graph, call)
    for other in values[1:]:
        graph.same_rank(values[0], other)
    new = bool(call.arguments.integer("add_axis", 0))
    axes = graph.rank_of(values[0], 2) + new
    axis = axis_of(call, axes)
    if new:
        at = graph.integers([axis], values[0])
        values = [graph.add("Unsqueeze", value, at, rank=axes) for value in values]
    graph.add("Concat", *values, output=_output(graph, call), axis=axis, rank=axes)
    kind = TensorProto.INT64
    lengths = [
        graph.add("Shape", value, start=axis, end=axis + 1, rank=1, kind=kind) for value in values
    ]
    info = graph.add("Concat", *lengths, axis=0)
    output = graph.write(call.definition.output[1])
    graph.add("Cast", info, output=output, to=TensorProto.INT32, kind=TensorProto.INT32)


@_converts("Split")
def _split(graph: Graph, call: Invocation) -> None:
    if len(call.definition.input) > 1 or call.arguments.integer("add_axis", 0):
        raise call.error(
            "only lengths that are the argument split, or equal, are converted, without add_axis"
        )
    (x,) = _inputs(graph, call)
    axis = axis_of(call, graph.rank_of(x, 2))
    outputs = [graph.write(blob) for blob in call.definition.output]
    if "split" in call.arguments:
        lengths = [graph.integers(call.arguments.integers("split"), x)]
        graph.add_many("Split", [x, *lengths], outputs, axis=axis)
    else:
        graph.add_many("Split", [x], outputs, axis=axis, num_outputs=len(outputs))


def _as_matrix(graph: Graph, value: str, axis: int = 1) -> str:
    """A value as a matrix, cut at an axis."""
    if graph.rank_of(value, 2) == 2 and axis == 1:
        return value
    return graph.add("Flatten", value, axis=axis, rank=2)


@_converts("FC")
def _fc(graph: Graph, call: Invocation) -> None:
    x, w, b = _inputs(graph, call)
    axis = call.arguments.integer("axis", 1)
    w = _as_matrix(graph, w, call.arguments.integer("axis_w", 1))
    graph.rank_of(b, 1)
    if axis == 1:
        x = _as_matrix(graph, x)
        graph.require_size(x, 1, graph.size(w, 1))
        graph.add("Gemm", x, w, b, output=_output(graph, call), rank=2, transB=1)
    elif axis in (-1, graph.rank_of(x, 2) - 1):
        product = graph.add("MatMul", x, graph.add("Transpose", w, perm=[1, 0]))
        graph.add("Add", product, b, output=_output(graph, call))
    else:
        raise call.error(f"ONNX can express the axis 1 or the last one, not {axis}")


@_converts("Softmax")
def _softmax(graph: Graph, call: Invocation) -> None:
    (x,) = _inputs(graph, call)
    axis = call.arguments.integer("axis", 1)
    if axis in (-1, graph.rank_of(x, 2) - 1):
        graph.add("Softmax", x, output=_output(graph, call), axis=-1)
    else:
        shape = graph.add("Shape", x, rank=1, kind=TensorProto.INT64)
        rows = graph.add("Softmax", graph.add("Flatten", x, axis=axis, rank=2), axis=-1)
        graph.add("Reshape", rows, shape, output=_output(graph, call), rank=x)


@_converts("SquaredL2Distance")
def _squared_l2_distance(graph: Graph, call: Invocation) -> None:
    x, y = _inputs(graph, call)
    graph.same_rank(x, y)
    difference = graph.add("Sub", x, y)
    square = graph.add("Mul", difference, difference)
    if graph.rank_of(x, 2) > 1:
        axes = graph.integers([1], square)
        square = graph.add("ReduceSum", _as_matrix(graph, square), axes, rank=1, keepdims=0)
    graph.add("Mul", square, graph.number(0.5, square), output=_output(graph, call), rank=1)


@_converts("AveragedLoss")
def _averaged_loss(graph: Graph, call: Invocation) -> None:
    (x,) = _inputs(graph, call)
    graph.add("ReduceMean", x, output=_output(graph, call), rank=0, keepdims=0)


@_converts("LabelCrossEntropy")
def _label_cross_entropy(graph: Graph, call: Invocation) -> None:
    x = graph.read(call.definition.input[0])
    label = graph.read(call.definition.input[1], kind=TensorProto.INT32)
    graph.rank_of(label, 1)
    column = graph.add("Reshape", label, graph.integers([-1, 1], label), rank=2)
    chosen = graph.add("GatherElements", _as_matrix(graph, x), column, axis=1)
    kind = graph.kind[chosen]
    if kind == TensorProto.FLOAT16:  # its least number is above the floor
        chosen = graph.add("Cast", chosen, kind=TensorProto.FLOAT, to=TensorProto.FLOAT)
    floor = graph.number(LEAST_PROBABILITY, chosen)
    value = graph.add("Neg", graph.add("Log", graph.add("Max", chosen, floor)))
    if kind == TensorProto.FLOAT16:
        value = graph.add("Cast", value, kind=kind, to=kind)
    flat = graph.integers([-1], value)
    graph.add("Reshape", value, flat, output=_output(graph, call), rank=1)


@_converts("Conv")
def _conv(graph: Graph, call: Invocation) -> None:
    values = _inputs(graph, call)
    graph.rank_of(values[0], 4)
    graph.rank_of(values[1], 4)
    for bias in values[2:]:
        graph.rank_of(bias, 1)
    moves = window(call)
    group = call.arguments.integer("group", 1)
    channels = graph.size(values[1], 1)
    graph.require_size(values[0], 1, channels and channels * group)
    graph.add(
        "Conv",
        *values,
        output=_output(graph, call),
        kernel_shape=moves.kernel,
        strides=moves.strides,
        dilations=moves.dilations,
        pads=moves.pads,
        group=group,
    )


@_converts("SpatialBN")
def _spatial_bn(graph: Graph, call: Invocation) -> None:
    values = _inputs(graph, call)
    graph.rank_of(values[0], 4)
    for statistic in values[1:]:
        graph.rank_of(statistic, 1)
    output = _output(graph, call)
    graph.add("BatchNormalization", *values, output=output, epsilon=epsilon(call))


@_converts(
    "ConstantFill",
    "GivenTensorFill",
    "GivenTensorDoubleFill",
    "GivenTensorIntFill",
    "GivenTensorInt64Fill",
    "GivenTensorBoolFill",
)
def _fill(graph: Graph, call: Invocation) -> None:
    """What has no inputs is computed now; a constant like another tensor when the model runs."""
    definition = call.definition
    if not definition.input:
        (made,) = BoundOperator(definition)([])
        graph.constant(made, graph.write(definition.output[0]))
        return
    odd = [name for name in ("input_as_shape", "extra_shape") if name in call.arguments]
    if definition.type != "ConstantFill" or odd:
        raise call.error(
            "with an input, only ConstantFill with the shape of its input is converted"
        )
    x = graph.read(definition.input[0])
    (one,) = BoundOperator(definition)([np.zeros(1, np.float32)])
    shape = graph.add("Shape", x, rank=1, kind=TensorProto.INT64)
    value = numpy_helper.from_array(one)
    output = graph.write(definition.output[0])
    graph.add("ConstantOfShape", shape, output=output, rank=x, kind=value.data_type, value=value)


def converter(call: Invocation) -> Converter:
    """Look up how an operator is converted.

    Raises:
        Caffe2Error: it cannot be.
    """
    kind = call.definition.type
    if kind in CONVERTERS:
        return CONVERTERS[kind]
    if call.definition.is_gradient_op or kind.endswith("Gradient"):
        raise call.error(
            "gradient operators are not converted to ONNX; ask for outputs of the forward net "
            "(--blob on the command line)"
        )
    raise call.error(f"it cannot be converted to ONNX; those that can: {', '.join(CONVERTERS)}")
