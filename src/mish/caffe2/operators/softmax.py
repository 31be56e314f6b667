"""Softmax and its gradient."""

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
from mish.caffe2.operators.matrix import as_matrix
from mish.caffe2.operators.precision import in_float32
from mish.caffe2.proto import caffe2_pb2


@register_operator("Softmax", OpSchema(["X"], ["Y"]))
@in_float32
def _softmax(call: Invocation, x: Array) -> Array:
    """Softmax over all axes from ``axis`` (1 unless given) on together."""
    rows = as_matrix(call, 0, x, "axis")
    if not rows.size:
        return x
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).reshape(x.shape)


@register_operator("SoftmaxGradient", OpSchema(["Y", "dY"], ["dX"]))
@in_float32
def _softmax_gradient(call: Invocation, y: Array, dy: Array) -> Array:
    call.require_shape(1, dy, y.shape, "as Y")
    rows, slopes = as_matrix(call, 0, y, "axis"), as_matrix(call, 1, dy, "axis")
    inner = (rows * slopes).sum(axis=1, keepdims=True)
    return (rows * (slopes - inner)).reshape(y.shape)


@register_gradient("Softmax")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("SoftmaxGradient", [g.O(0), g.GO(0)], [g.GI(0)])
    return g.result()
