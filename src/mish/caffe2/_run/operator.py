"""Operators bound to what computes them, ready to be called on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import mish.caffe2.operators  # noqa: F401 - registers them
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.registry import Array, Invocation, find
from mish.caffe2._contract.schema import describe
from mish.caffe2.proto import caffe2_pb2


class BoundOperator:
    """An operator with the contract it was verified by and the kernel that computes it.

    It is looked up once: what is registered afterwards under its type does not change it.

    Attributes:
        definition: the operator.
        invocation: what its kernel and its converters get besides arrays.
    """

    def __init__(self, definition: caffe2_pb2.OperatorDef) -> None:
        """See that the operator exists and is well formed.

        Raises:
            Caffe2Error: it is not.
        """
        registered = find(definition)
        registered.schema.verify(definition)
        self.definition = definition
        self.invocation = Invocation(definition, registered.schema)
        self._schema, self._kernel = registered

    def require_cpu(self) -> None:
        """See that the operator is for the CPU.

        Raises:
            Caffe2Error: it is not.
        """
        device = self.definition.device_option
        if device.device_type == caffe2_pb2.PROTO_CPU:
            return
        names = {number: name for name, number in caffe2_pb2.DeviceTypeProto.items()}
        asked = f"device {device.device_id} of type {device.device_type}"
        if device.device_type in names:
            asked = f"{names[device.device_type].removeprefix('PROTO_')} device {device.device_id}"
        gpu = device.device_type in (caffe2_pb2.PROTO_CUDA, caffe2_pb2.PROTO_HIP)
        raise Caffe2Error(
            f"{describe(self.definition)}: its device option asks for {asked}, but "
            + ("there is no GPU here: " if gpu else "")
            + "mish.caffe2 computes on the CPU alone. Remove the device option, or set its "
            "device_type to caffe2_pb2.CPU"
        )

    def __call__(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """Compute the outputs, read-only, of as many arrays as the operator has inputs.

        Raises:
            Caffe2Error: the inputs do not fit, or the kernel failed.
        """
        op = self.definition
        self._schema.verify_arrays(op, arrays)
        try:
            with np.errstate(all="ignore"):  # IEEE's results, without a word, as in Caffe2
                made = self._kernel(self.invocation, *arrays)
        except Caffe2Error:
            raise
        except Exception as error:
            raise Caffe2Error(f"{describe(op)}: {type(error).__name__}: {error}") from error
        results = made if isinstance(made, tuple) else (made,)
        if len(results) != len(op.output):
            raise Caffe2Error(
                f"{describe(op)}: its kernel returned {len(results)} arrays, expected "
                f"{len(op.output)}, one for each output"
            )
        return tuple(frozen(np.asarray(result)) for result in results)


def bind(definition: caffe2_pb2.OperatorDef) -> BoundOperator:
    """Verify an operator and make it ready to run here.

    Raises:
        Caffe2Error: there is none of its type, it is not well formed, or it is for another device
            than the CPU.
    """
    bound = BoundOperator(definition)
    bound.require_cpu()
    return bound


class PreparedNet(NamedTuple):
    """A net that was verified as a whole, and its operators, ready to run.

    Attributes:
        proto: the net, a copy of its own.
        operators: its operators, each bound to its kernel.
    """

    proto: caffe2_pb2.NetDef
    operators: tuple[BoundOperator, ...]


def frozen(array: Array) -> Array:
    """A read-only view of an array."""
    view = array.view()
    view.flags.writeable = False
    return view
