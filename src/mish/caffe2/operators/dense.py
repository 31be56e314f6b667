"""FC, the fully connected layer, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence

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


@register_operator("FC", OpSchema(["X", "W", "b"], ["Y"]))
@in_float32
def _fc(call: Invocation, x: Array, w: Array, b: Array) -> Array:
    """Y = X·Wᵀ + b, with X and W cut into matrices at ``axis`` and ``axis_w``."""
    rows, weights = _matrices(call, x, w)
    call.require_shape(2, b, (len(weights),), "as W has rows")
    leading = x.shape[: call.arguments.integer("axis", 1)]
    return (rows @ weights.T + b).reshape(*leading, len(weights))


@register_operator("FCGradient", OpSchema(["X", "W", "dY"], ["dW", "db", "dX"], optional_outputs=1))
@in_float32
def _fc_gradient(call: Invocation, x: Array, w: Array, dy: Array) -> tuple[Array, ...]:
    rows, weights = _matrices(call, x, w)
    if dy.size != len(rows) * len(weights):
        raise call.error(
            f"{call.input(2)} has shape {list(dy.shape)}, expected {len(rows)} times "
            f"{len(weights)} elements"
        )
    dy = dy.reshape(len(rows), len(weights))
    made = ((dy.T @ rows).reshape(w.shape), dy.sum(axis=0), (dy @ weights).reshape(x.shape))
    return made[: len(call.definition.output)]


@register_gradient("FC")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("FCGradient", [g.I(0), g.I(1), g.GO(0)], [g.GI(1), g.GI(2), g.GI(0)])
    return g.result()


def _matrices(call: Invocation, x: Array, w: Array) -> tuple[Array, Array]:
    rows = as_matrix(call, 0, x, "axis")
    weights = as_matrix(call, 1, w, "axis_w")
    if rows.shape[1] != weights.shape[1]:
        raise call.error(
            f"{call.input(0)} of shape {list(x.shape)} has rows of {rows.shape[1]}, expected "
            f"{weights.shape[1]} as {call.input(1)} of shape {list(w.shape)} has"
        )
    return rows, weights
