"""Caffe2's ``core``: operators, nets, scopes and gradients.

Needs the ``caffe2`` extra (protobuf).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import mish.caffe2.operators  # noqa: F401 - registers them
from mish.caffe2._build.backward import BackwardPass, Targets, gradient_for
from mish.caffe2._build.blobs import Blob, BlobReference, ScopedBlobReference, ScopedName
from mish.caffe2._build.devices import (
    InferBlobDevices,
    InferOpBlobDevices,
    InferOpBlobDevicesAsDict,
    device_option_equal,
)
from mish.caffe2._build.net import Net
from mish.caffe2._build.operator_def import CreateOperator, DeviceOption
from mish.caffe2._build.scope import DeviceScope, NameScope
from mish.caffe2._contract import registry
from mish.caffe2._contract.registry import Gradients
from mish.caffe2._startup import GetGlobalInitArgs, GlobalInit
from mish.caffe2.proto import caffe2_pb2

_G = TypeVar("_G", bound=registry.GradientMaker)


class DataType:
    """The element types of tensors, as arguments of operators name them."""


for _name, _number in caffe2_pb2.TensorProto.DataType.items():
    setattr(DataType, _name, _number)


class GradientRegistry:
    """The gradients of operators."""

    @classmethod
    def RegisterGradient(cls, op_type: str) -> Callable[[_G], _G]:
        """As :func:`mish.caffe2.register_gradient`."""
        return registry.register_gradient(op_type)

    @classmethod
    def GetGradientForOp(
        cls, op: caffe2_pb2.OperatorDef, g_output: Sequence[Blob | None]
    ) -> Gradients:
        """Make the gradient operators of one operator.

        Args:
            op: the operator.
            g_output: for each of its outputs the blob that holds its gradient, or None.

        Returns:
            The gradient operators, and for each input the blob of its gradient, or None.

        Raises:
            Caffe2Error: no gradient is registered, or it needs one of an output that is not given.
        """
        return gradient_for(op, g_output)

    @classmethod
    def GetBackwardPass(
        cls, operators: Iterable[caffe2_pb2.OperatorDef], ys: Targets
    ) -> tuple[list[caffe2_pb2.OperatorDef], dict[BlobReference, BlobReference]]:
        """Make the gradient operators of a list of operators; see ``Net.AddGradientOperators``."""
        return BackwardPass(operators).make(ys)


def IsOperator(op_type: str) -> bool:
    """Whether there is an operator of that type."""
    return op_type in registry.OPERATORS


def IsOperatorWithEngine(op_type: str, engine: str) -> bool:
    """Whether there is an operator of that type for an engine; here are those of DEFAULT alone."""
    return engine in ("", "DEFAULT") and IsOperator(op_type)


__all__ = [
    "BlobReference",
    "CreateOperator",
    "DataType",
    "DeviceOption",
    "DeviceScope",
    "GetGlobalInitArgs",
    "GlobalInit",
    "GradientRegistry",
    "InferBlobDevices",
    "InferOpBlobDevices",
    "InferOpBlobDevicesAsDict",
    "IsOperator",
    "IsOperatorWithEngine",
    "NameScope",
    "Net",
    "ScopedBlobReference",
    "ScopedName",
    "device_option_equal",
]
