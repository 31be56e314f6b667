"""Copy, StopGradient, Concat and Split: operators that move elements and compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from mish.caffe2._contract.gradient import Gradient
from mish.caffe2._contract.registry import (
    Array,
    Gradients,
    Invocation,
    no_gradient,
    register_gradient,
    register_operator,
)
from mish.caffe2._contract.schema import ANY, OpSchema
from mish.caffe2.proto import caffe2_pb2

_ORDERS = {"NCHW": 1, "NHWC": 3}


@register_operator("Copy", OpSchema(["X"], ["Y"], dtypes={"X": ANY}))
def _copy(call: Invocation, x: Array) -> Array:
    return x  # no kernel writes into an array


@register_operator(
    "CopyOnDeviceLike", OpSchema(["X", "like"], ["Y"], dtypes={"X": ANY, "like": ANY})
)
def _copy_like(call: Invocation, x: Array, like: Array) -> Array:
    return x


@register_gradient("Copy")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("CopyOnDeviceLike", [g.GO(0), g.I(0)], [g.GI(0)])
    return g.result()


@register_operator("StopGradient", OpSchema(["X"], ["Y"], inplace=[(0, 0)], dtypes={"X": ANY}))
def _stop_gradient(call: Invocation, x: Array) -> Array:
    return x


no_gradient("StopGradient")


@register_operator("Concat", OpSchema(["X"], ["Y", "split_info"], repeated=1, dtypes={"X": ANY}))
def _concat(call: Invocation, *arrays: Array) -> tuple[Array, Array]:
    """Y, and how much of the axis each input takes; ``add_axis`` makes the axis first."""
    first = arrays[0]
    new = bool(call.arguments.integer("add_axis", 0))
    axis = axis_of(call, first.ndim + new)
    for index, array in enumerate(arrays[1:], start=1):
        if array.dtype != first.dtype:
            raise call.error(
                f"{call.input(index)} is {array.dtype}, expected {first.dtype}, the type of X_0"
            )
        expected = list(first.shape)
        if not new and array.ndim == first.ndim:
            expected[axis] = array.shape[axis]
        call.require_shape(index, array, expected, "as X_0 but for the axis")
    lengths = [1 if new else array.shape[axis] for array in arrays]
    join = np.stack if new else np.concatenate
    return join(arrays, axis=axis), np.array(lengths, np.int32)


@register_gradient("Concat")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("Split", [g.GO(0), g.O(1)], [g.GI(index) for index in range(len(op.input))])
    return g.result()


@register_operator(
    "Split",
    OpSchema(
        ["X", "lengths"],
        ["Y"],
        optional_inputs=1,
        repeated_outputs=True,
        dtypes={"X": ANY, "lengths": ("int32",)},
    ),
)
def _split(call: Invocation, x: Array, *lengths: Array) -> tuple[Array, ...]:
    axis = axis_of(call, x.ndim)
    if lengths and "split" in call.arguments:
        raise call.error("its lengths are given twice, as an input and as the argument split")
    parts = lengths[0].tolist() if lengths else split_lengths(call, x.shape[axis])
    count = len(call.definition.output)
    if len(parts) != count or sum(parts) != x.shape[axis] or min(parts) < 0:
        raise call.error(
            f"the lengths {parts} do not cut the axis {axis}, which is {x.shape[axis]} long, into "
            f"{count}, one for each output"
        )
    pieces = np.split(x, list(accumulate(parts))[:-1], axis=axis)
    if not call.arguments.integer("add_axis", 0):
        return tuple(pieces)
    if any(part != 1 for part in parts):
        raise call.error(f"add_axis needs lengths of 1, not {parts}")
    return tuple(piece.squeeze(axis) for piece in pieces)


@register_gradient("Split")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    """Every output must have a gradient: Caffe2 leaves those without out, and dX is too short."""
    g = Gradient(op, g_output)
    slopes = [g.GO(index) for index in range(len(op.output))]
    g.add("Concat", slopes, [g.GI(0), f"_{g.GI(0)}_dims"])
    return g.result()


def axis_of(call: Invocation, axes: int) -> int:
    """The axis along which Concat and Split work, counted from the first.

    It is the argument ``axis``, or that of the channels in the argument ``order``.

    Raises:
        Caffe2Error: both are given, or there is no such axis.
    """
    arguments = call.arguments
    if "axis" in arguments and "order" in arguments:
        raise call.error("give the argument axis or order, not both")
    order = arguments.text("order", "NCHW")
    if order not in _ORDERS:
        raise call.error(f"the argument order must be NCHW or NHWC, not {order}")
    axis = arguments.integer("axis", _ORDERS[order])
    if not -axes <= axis < axes:
        raise call.error(f"there is no axis {axis} among {axes}")
    return axis % axes


def split_lengths(call: Invocation, size: int) -> list[int]:
    """The lengths of Split's outputs: the argument ``split``, or all the same."""
    count = len(call.definition.output)
    if "split" in call.arguments:
        return call.arguments.integers("split")
    if size % count:
        raise call.error(f"{size} elements of an axis cannot be cut into {count} equal parts")
    return [size // count] * count
