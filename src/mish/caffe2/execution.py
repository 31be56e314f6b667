"""Runs one operator on arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import mish.caffe2.operators  # noqa: F401 - registers them
from mish.caffe2.errors import Caffe2Error
from mish.caffe2.proto import caffe2_pb2
from mish.caffe2.registry import Array, Invocation, find
from mish.caffe2.schema import describe


def verify(operator: caffe2_pb2.OperatorDef) -> None:
    """See that an operator exists, is well formed, and is for the CPU.

    Raises:
        Caffe2Error: it is not.
    """
    find(operator).schema.verify(operator)
    device = operator.device_option
    if device.device_type == caffe2_pb2.PROTO_CPU:
        return
    names = {number: name for name, number in caffe2_pb2.DeviceTypeProto.items()}
    asked = f"device {device.device_id} of type {device.device_type}"
    if device.device_type in names:
        asked = f"{names[device.device_type].removeprefix('PROTO_')} device {device.device_id}"
    gpu = device.device_type in (caffe2_pb2.PROTO_CUDA, caffe2_pb2.PROTO_HIP)
    raise Caffe2Error(
        f"{describe(operator)}: its device option asks for {asked}, but "
        + ("there is no GPU here: " if gpu else "")
        + "mish.caffe2 computes on the CPU alone. Remove the device option, or set its "
        "device_type to caffe2_pb2.CPU"
    )


def run(operator: caffe2_pb2.OperatorDef, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """Run a verified operator.

    Args:
        operator: the operator.
        arrays: its inputs, as many as it has.

    Returns:
        Its outputs, read-only.

    Raises:
        Caffe2Error: the inputs do not fit, or the kernel failed.
    """
    registered = find(operator)
    registered.schema.verify_arrays(operator, arrays)
    try:
        with np.errstate(all="ignore"):  # IEEE's results, without a word, as in Caffe2
            made = registered.kernel(Invocation(operator, registered.schema), *arrays)
    except Caffe2Error:
        raise
    except Exception as error:
        raise Caffe2Error(f"{describe(operator)}: {type(error).__name__}: {error}") from error
    results = made if isinstance(made, tuple) else (made,)
    if len(results) != len(operator.output):
        raise Caffe2Error(
            f"{describe(operator)}: its kernel returned {len(results)} arrays, expected "
            f"{len(operator.output)}, one for each output"
        )
    return tuple(frozen(np.asarray(result)) for result in results)


def frozen(array: Array) -> Array:
    """A read-only view of an array."""
    view = array.view()
    view.flags.writeable = False
    return view
