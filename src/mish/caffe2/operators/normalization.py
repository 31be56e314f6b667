"""SpatialBN, batch normalisation of images, for inference."""

from __future__ import annotations

import numpy as np

from mish.caffe2._contract.registry import Array, Invocation, register_operator
from mish.caffe2._contract.schema import OpSchema
from mish.caffe2.operators.precision import in_float32


def epsilon(call: Invocation) -> float:
    """Read what is added to the variance, and see that inference is asked for.

    Raises:
        Caffe2Error: training is asked for, or an order other than NCHW.
    """
    if not call.arguments.integer("is_test", 0):
        raise call.error("it is for inference only: the argument is_test must be 1")
    if call.arguments.text("order", "NCHW") != "NCHW":
        raise call.error("only the order NCHW is supported")
    return call.arguments.number("epsilon", 1e-5)


@register_operator(
    "SpatialBN",
    OpSchema(["X", "scale", "bias", "mean", "var"], ["Y"], inplace=[(0, 0)], required=["is_test"]),
)
@in_float32
def _spatial_bn(call: Invocation, x: Array, *statistics: Array) -> Array:
    """(X - mean) / sqrt(var + epsilon)·scale + bias, each for one channel of X (N, C, ...)."""
    added = x.dtype.type(epsilon(call))
    if x.ndim < 2:
        raise call.error(f"{call.input(0)} has shape {list(x.shape)}, expected N, C, ...")
    for index, each in enumerate(statistics, start=1):
        call.require_shape(index, each, x.shape[1:2], "as X has channels")
    scale, bias, mean, var = (each.reshape(-1, *[1] * (x.ndim - 2)) for each in statistics)
    factor = scale / np.sqrt(var + added)
    return x * factor + (bias - mean * factor)
