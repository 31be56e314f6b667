"""SquaredL2Distance, AveragedLoss, LabelCrossEntropy, and their gradients."""

from __future__ import annotations

import math
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
from mish.caffe2._contract.schema import INTEGERS, OpSchema
from mish.caffe2.operators.precision import in_float32
from mish.caffe2.proto import caffe2_pb2

LEAST_PROBABILITY = 1e-20
"""Caffe2's floor under a probability before its logarithm is taken."""


@register_operator("SquaredL2Distance", OpSchema(["X", "Y"], ["Z"]))
@in_float32
def _squared_l2_distance(call: Invocation, x: Array, y: Array) -> Array:
    """Half the squared distance of each row of X from the same row of Y."""
    call.require_shape(1, y, x.shape, "as X")
    squares = (x - y) ** 2
    return squares.sum(axis=tuple(range(1, x.ndim))).reshape(_rows(x)) / 2


@register_operator("SquaredL2DistanceGradient", OpSchema(["X", "Y", "dZ"], ["dX", "dY"]))
@in_float32
def _squared_l2_distance_gradient(
    call: Invocation, x: Array, y: Array, dz: Array
) -> tuple[Array, Array]:
    call.require_shape(1, y, x.shape, "as X")
    call.require_shape(2, dz, (_rows(x),), "as X has rows")
    dx = (x - y) * dz.reshape(x.shape[:1] + (1,) * (x.ndim - 1))
    return dx, -dx


def _rows(array: Array) -> int:
    return len(array) if array.ndim else 1


@register_gradient("SquaredL2Distance")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("SquaredL2DistanceGradient", [g.I(0), g.I(1), g.GO(0)], [g.GI(0), g.GI(1)])
    return g.result()


@register_operator("AveragedLoss", OpSchema(["X"], ["Y"]))
@in_float32
def _averaged_loss(call: Invocation, x: Array) -> Array:
    """The mean of all elements, 0-d; of none it is 0."""
    return np.asarray(x.mean() if x.size else 0, x.dtype)


@register_operator("AveragedLossGradient", OpSchema(["X", "dY"], ["dX"]))
@in_float32
def _averaged_loss_gradient(call: Invocation, x: Array, dy: Array) -> Array:
    if dy.size != 1:
        raise call.error(f"{call.input(1)} has {dy.size} elements, expected 1")
    return np.full(x.shape, dy.reshape(()) / max(x.size, 1), x.dtype)


@register_gradient("AveragedLoss")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("AveragedLossGradient", [g.I(0), g.GO(0)], [g.GI(0)])
    return g.result()


@register_operator("LabelCrossEntropy", OpSchema(["X", "label"], ["Y"], dtypes={"label": INTEGERS}))
@in_float32
def _label_cross_entropy(call: Invocation, x: Array, label: Array) -> Array:
    """-ln X[i, label[i]] for each row of probabilities X[i]."""
    chosen, _ = _chosen(call, x, label)
    return -np.log(np.maximum(chosen, x.dtype.type(LEAST_PROBABILITY)))


@register_operator(
    "LabelCrossEntropyGradient",
    OpSchema(["X", "label", "dY"], ["dX"], dtypes={"label": INTEGERS}),
)
@in_float32
def _label_cross_entropy_gradient(call: Invocation, x: Array, label: Array, dy: Array) -> Array:
    chosen, places = _chosen(call, x, label)
    call.require_shape(2, dy, chosen.shape, "as X has rows")
    dx = np.zeros((len(chosen), x.size // max(len(chosen), 1)), x.dtype)
    dx[places] = -dy / np.maximum(chosen, x.dtype.type(LEAST_PROBABILITY))
    return dx.reshape(x.shape)


def _chosen(call: Invocation, x: Array, label: Array) -> tuple[Array, tuple[Array, Array]]:
    """The probability that each row gives its label, and the places of these."""
    if not x.ndim:
        raise call.error(f"{call.input(0)} is 0-d, expected rows of probabilities")
    rows = x.reshape(len(x), math.prod(x.shape[1:])) if x.ndim > 1 else x.reshape(1, -1)
    if label.shape not in ((len(rows),), (len(rows), 1)):
        raise call.error(
            f"{call.input(1)} has shape {list(label.shape)}, expected [{len(rows)}], one for "
            f"each row of {call.input(0)}"
        )
    label = label.reshape(-1)
    wrong = (label < 0) | (label >= rows.shape[1])
    if wrong.any():
        raise call.error(
            f"{call.input(1)} holds {label[wrong][0]}, expected 0 to {rows.shape[1] - 1}"
        )
    places = (np.arange(len(rows)), label)
    return rows[places], places


@register_gradient("LabelCrossEntropy")
def _(op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> Gradients:
    g = Gradient(op, g_output)
    g.add("LabelCrossEntropyGradient", [g.I(0), g.I(1), g.GO(0)], [g.GI(0)])
    return g.result()
