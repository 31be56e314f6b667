"""Conv, two-dimensional, for inference."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mish.caffe2._contract.arguments import Arguments
from mish.caffe2._contract.registry import Array, Invocation, register_operator
from mish.caffe2._contract.schema import OpSchema
from mish.caffe2.operators.precision import in_float32


class Window(NamedTuple):
    """How a kernel moves over an image: each number for height, then for width."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    pads: list[int]  # top, left, bottom, right


def window(call: Invocation) -> Window:
    """Read the window from Caffe2's arguments.

    Raises:
        Caffe2Error: they ask for what is not supported: NHWC, legacy padding, other than two
            dimensions.
    """
    arguments = call.arguments
    if arguments.text("order", "NCHW") != "NCHW":
        raise call.error("only the order NCHW is supported")
    if arguments.integer("legacy_pad", 0):
        raise call.error("the argument legacy_pad is not supported; use pad_t, pad_l, pad_b, pad_r")
    sides = _sides(arguments, "pad", ("_t", "_l", "_b", "_r"), 0)
    found = Window(
        _sides(arguments, "kernel", ("_h", "_w"), 0),
        _sides(arguments, "stride", ("_h", "_w"), 1),
        _sides(arguments, "dilation", ("_h", "_w"), 1),
        sides,
    )
    for name, values, least in zip(found._fields, found, (1, 1, 1, 0), strict=True):
        expected = 4 if name == "pads" else 2
        if len(values) != expected or min(values) < least:
            raise call.error(
                f"the {name} are {values}, expected {expected} numbers of at least {least}"
            )
    return found


def _sides(arguments: Arguments, name: str, sides: tuple[str, ...], default: int) -> list[int]:
    """One number for each side: from a list, one argument for each, or one for all."""
    everywhere = arguments.integer(name, default)
    each = [arguments.integer(name + side, everywhere) for side in sides]
    return arguments.integers(f"{name}s", each)


@register_operator("Conv", OpSchema(["X", "filter", "bias"], ["Y"], optional_inputs=1))
@in_float32
def _conv(call: Invocation, x: Array, weights: Array, *bias: Array) -> Array:
    """Correlate X (N, C, H, W) with weights (M, C/group, kernel height, kernel width)."""
    kernel, strides, dilations, pads = window(call)
    group = call.arguments.integer("group", 1)
    if x.ndim != 4:
        raise call.error(f"{call.input(0)} has shape {list(x.shape)}, expected N, C, H, W")
    batch, channels = x.shape[:2]
    outputs = len(weights) if weights.ndim else 0
    if group < 1 or channels % group or outputs % group:
        raise call.error(
            f"the argument group is {group}, expected a divisor of both the {channels} channels "
            f"and the {outputs} filters"
        )
    call.require_shape(
        1, weights, (outputs, channels // group, *kernel), "from the channels, group and kernel"
    )
    if bias:
        call.require_shape(2, bias[0], (outputs,), "as there are filters")
    top, left, bottom, right = pads
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    reach = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    if padded.shape[2] < reach[0] or padded.shape[3] < reach[1]:
        raise call.error(
            f"{call.input(0)} of shape {list(x.shape)} is smaller than the kernel, {reach}, even "
            "with its padding"
        )
    windows = sliding_window_view(padded, reach, axis=(2, 3))
    windows = windows[:, :, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
    y = np.einsum(
        "ngchwij,gmcij->ngmhw",
        windows.reshape(batch, group, channels // group, *windows.shape[2:]),
        weights.reshape(group, outputs // group, *weights.shape[1:]),
        optimize=True,
    ).reshape(batch, outputs, *windows.shape[2:4])
    return y + bias[0].reshape(-1, 1, 1) if bias else y
