"""Tensors seen as matrices, as FC and Softmax see them."""

from __future__ import annotations

import math

from mish.caffe2._contract.registry import Array, Invocation


def as_matrix(call: Invocation, index: int, array: Array, argument: str) -> Array:
    """View an input as a matrix, its axes cut in two groups at the one an argument names.

    The axis is 1 unless the argument is given; a negative one counts from the end.

    Raises:
        Caffe2Error: the input has no such axis.
    """
    axis = call.arguments.integer(argument, 1)
    if not -array.ndim <= axis < array.ndim:
        raise call.error(
            f"{call.input(index)} of shape {list(array.shape)} has no axis {axis}, at which the "
            f"argument {argument} cuts it"
        )
    axis += array.ndim if axis < 0 else 0
    return array.reshape(math.prod(array.shape[:axis]), math.prod(array.shape[axis:]))
