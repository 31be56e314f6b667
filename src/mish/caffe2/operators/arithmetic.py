"""Sum, Add, Mul, WeightedSum, and the gradients of the first three."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mish.caffe2._contract.arguments import Arguments
from mish.caffe2._contract.gradient import Gradient
from mish.caffe2._contract.registry import (
    Array,
    Gradients,
    Invocation,
    register_gradient,
    register_operator,
)
from mish.caffe2._contract.schema import FLOATS, OpSchema
from mish.caffe2.operators.precision import in_float32
from mish.caffe2.proto import caffe2_pb2


@register_operator("Sum", OpSchema(["X"], ["Y"], repeated=1, inplace=[(0, 0)]))
@in_float32
def _sum(call: Invocation, first: Array, *others: Array) -> Array:
    total = first
    for index, other in enumerate(others, start=1):
        call.require_shape(index, other, first.shape, "as X_0")
        total = total + other
    return total


@register_gradient("Sum")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    for index in range(len(op.input)):
        g.passes(index, g.GO(0))
    return g.result()


@register_operator(
    "WeightedSum",
    OpSchema(["X", "weight"], ["Y"], repeated=2, inplace=[(0, 0)], dtypes={"weight": FLOATS}),
)
@in_float32
def _weighted_sum(call: Invocation, *arrays: Array) -> Array:
    """Y = X_0·weight_0 + X_1·weight_1 + ...: what steps of gradient descent are made of."""
    first = arrays[0]
    total = np.zeros_like(first)
    for index in range(0, len(arrays), 2):
        values, weight = arrays[index], arrays[index + 1]
        call.require_shape(index, values, first.shape, "as X_0")
        if weight.size != 1:
            raise call.error(f"{call.input(index + 1)} has {weight.size} elements, expected 1")
        total = total + values * weight.reshape(()).astype(first.dtype)
    return total


@register_operator("Add", OpSchema(["A", "B"], ["C"], inplace=[(0, 0), (1, 0)]))
@in_float32
def _add(call: Invocation, a: Array, b: Array) -> Array:
    return a + _aligned(call, a, b)


@register_operator(
    "AddGradient", OpSchema(["dC", "A", "B"], ["dA", "dB"], inplace=[(0, 0), (0, 1)])
)
@in_float32
def _add_gradient(call: Invocation, dc: Array, a: Array, b: Array) -> tuple[Array, Array]:
    aligned = _aligned(call, a, b, first=1)
    call.require_shape(0, dc, np.broadcast_shapes(a.shape, aligned.shape), "as A + B")
    return _reduced(dc, a.shape), _reduced(dc, aligned.shape).reshape(b.shape)


@register_gradient("Add")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("AddGradient", [g.GO(0), g.I(0), g.I(1)], [g.GI(0), g.GI(1)])
    return g.result()


@register_operator("Mul", OpSchema(["A", "B"], ["C"], inplace=[(0, 0), (1, 0)]))
@in_float32
def _mul(call: Invocation, a: Array, b: Array) -> Array:
    return a * _aligned(call, a, b)


@register_operator(
    "MulGradient", OpSchema(["dC", "A", "B"], ["dA", "dB"], inplace=[(0, 0), (0, 1)])
)
@in_float32
def _mul_gradient(call: Invocation, dc: Array, a: Array, b: Array) -> tuple[Array, Array]:
    aligned = _aligned(call, a, b, first=1)
    call.require_shape(0, dc, np.broadcast_shapes(a.shape, aligned.shape), "as A·B")
    return _reduced(dc * aligned, a.shape), _reduced(dc * a, aligned.shape).reshape(b.shape)


@register_gradient("Mul")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("MulGradient", [g.GO(0), g.I(0), g.I(1)], [g.GI(0), g.GI(1)])
    return g.result()


def broadcast_axis(arguments: Arguments) -> int | None:
    """The axis of the first operand at which the second begins, or -1 if they end together.

    None means NumPy's rule; the argument ``broadcast`` asks for this older one.
    """
    if not arguments.integer("broadcast", 0):
        return None
    letter = arguments.text("axis_str", "")
    if letter:
        return arguments.text("order", "NCHW").find(letter)
    return arguments.integer("axis", -1)


def _aligned(call: Invocation, a: Array, b: Array, first: int = 0) -> Array:
    """B with axes of length 1 where it needs them to be broadcast against A."""
    axis = broadcast_axis(call.arguments)
    try:
        if axis is not None:
            start = a.ndim - b.ndim if axis == -1 else axis
            trailing = a.ndim - start - b.ndim
            if start < 0 or trailing < 0:
                raise ValueError
            b = b.reshape(b.shape + (1,) * trailing)
            if np.broadcast_shapes(a.shape, b.shape) != a.shape:
                raise ValueError
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise call.error(
            f"{call.input(first + 1)} of shape {list(b.shape)} cannot be broadcast against "
            f"{call.input(first)} of shape {list(a.shape)}"
            + ("" if axis is None else f" at axis {axis}")
        ) from None
    return b


def _reduced(array: Array, shape: tuple[int, ...]) -> Array:
    """The sum over the axes along which a shape was broadcast to the array's."""
    array = array.sum(axis=tuple(range(array.ndim - len(shape))))
    axes = tuple(i for i, size in enumerate(shape) if size == 1 and array.shape[i] != 1)
    return array.sum(axis=axes, keepdims=True)
