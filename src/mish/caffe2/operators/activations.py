"""Relu, Sigmoid, Tanh, Swish, and their gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mish.caffe2._contract.gradient import Gradient
from mish.caffe2._contract.registry import (
    Array,
    Gradients,
    Invocation,
    register_gradient,
    register_operator,
)
from mish.caffe2._contract.schema import OpSchema
from mish.caffe2.operators.precision import in_float32
from mish.caffe2.proto import caffe2_pb2

_INPLACE = OpSchema(["X"], ["Y"], inplace=[(0, 0)])
_FROM_OUTPUT = OpSchema(["Y", "dY"], ["dX"], inplace=[(1, 0)])


def _sigmoid_of(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


@register_operator("Relu", _INPLACE)
def _relu(call: Invocation, x: Array) -> Array:
    return np.maximum(x, x.dtype.type(0))


@register_operator("ReluGradient", _FROM_OUTPUT)
def _relu_gradient(call: Invocation, y: Array, dy: Array) -> Array:
    call.require_shape(1, dy, y.shape, "as Y")
    return np.where(y > 0, dy, dy.dtype.type(0))


@register_operator("Sigmoid", _INPLACE)
@in_float32
def _sigmoid(call: Invocation, x: Array) -> Array:
    return _sigmoid_of(x)


@register_operator("SigmoidGradient", _FROM_OUTPUT)
@in_float32
def _sigmoid_gradient(call: Invocation, y: Array, dy: Array) -> Array:
    call.require_shape(1, dy, y.shape, "as Y")
    return dy * y * (1 - y)


@register_operator("Tanh", _INPLACE)
@in_float32
def _tanh(call: Invocation, x: Array) -> Array:
    return np.tanh(x)


@register_operator("TanhGradient", _FROM_OUTPUT)
@in_float32
def _tanh_gradient(call: Invocation, y: Array, dy: Array) -> Array:
    call.require_shape(1, dy, y.shape, "as Y")
    return dy * (1 - y * y)


@register_operator("Swish", OpSchema(["X"], ["Y"]))
@in_float32
def _swish(call: Invocation, x: Array) -> Array:
    return x * _sigmoid_of(x)


@register_operator("SwishGradient", OpSchema(["X", "Y", "dY"], ["dX"], inplace=[(2, 0)]))
@in_float32
def _swish_gradient(call: Invocation, x: Array, y: Array, dy: Array) -> Array:
    call.require_shape(1, y, x.shape, "as X")
    call.require_shape(2, dy, x.shape, "as X")
    return dy * (y + _sigmoid_of(x) * (1 - y))


@register_gradient("Relu")
@register_gradient("Sigmoid")
@register_gradient("Tanh")
def _from_output(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add(f"{op.type}Gradient", [g.O(0), g.GO(0)], [g.GI(0)])
    return g.result()


@register_gradient("Swish")
def _from_both(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("SwishGradient", [g.I(0), g.O(0), g.GO(0)], [g.GI(0)])
    return g.result()
