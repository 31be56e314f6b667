"""Mish, MishGradient, and the gradient of MishGradient."""

from __future__ import annotations

from collections.abc import Sequence

import mish
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


@register_operator("Mish", OpSchema(["X"], ["Y"]))
def _mish(call: Invocation, x: Array) -> Array:
    return mish.mish(x)


@register_operator("MishGradient", OpSchema(["X", "Y", "dY"], ["dX"]))
def _mish_gradient(call: Invocation, x: Array, y: Array, dy: Array) -> Array:
    """Multiply dY by mish′(X). What Y holds does not matter; it is an input as it was Caffe2's."""
    _require_sizes(call, x, y, dy)
    return mish.mish_grad(dy.reshape(x.shape), x)


@register_operator("MishGradientGradient", OpSchema(["X", "dY", "ddX"], ["dX", "ddY"]))
@in_float32
def _mish_gradient_gradient(
    call: Invocation, x: Array, dy: Array, ddx: Array
) -> tuple[Array, Array]:
    """The gradients of MishGradient with respect to X and dY, for a gradient ddX of its output.

    From dX = dY·mish′(X): with respect to X it is ddX·dY·mish″(X), with respect to dY it is
    ddX·mish′(X), which has the shape of dY.
    """
    _require_sizes(call, x, dy, ddx)
    ddx = ddx.reshape(x.shape)
    return ddx * dy.reshape(x.shape) * mish.mish_d2(x), mish.mish_grad(ddx, x).reshape(dy.shape)


def _require_sizes(call: Invocation, x: Array, *others: Array) -> None:
    for index, other in enumerate(others, start=1):
        if other.size != x.size:
            raise call.error(
                f"{call.input(index)} has {other.size} elements (shape {list(other.shape)}), "
                f"expected {x.size}, as many as {call.input(0)} of shape {list(x.shape)}"
            )


@register_gradient("Mish")
def GetMishGradient(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    """Make the gradient of a Mish operator: MishGradient(X, Y, Y_grad) → X_grad.

    Args:
        op: the Mish operator. Its device option, engine and arguments are copied.
        g_output: the blob that holds the gradient of its output, in a list.

    Returns:
        The gradient operators, one, and the gradient blobs of the inputs, one.

    Raises:
        Caffe2Error: the gradient of the output is missing.
    """
    g = Gradient(op, g_output)
    g.add("MishGradient", [g.I(0), g.O(0), g.GO(0)], [g.GI(0)])
    return g.result()


@register_gradient("MishGradient")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("MishGradientGradient", [g.I(0), g.I(2), g.GO(0)], [g.GI(0), g.GI(2)])
    return g.result()
