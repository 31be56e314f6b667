"""Which devices the blobs of operators are on, told by device options."""

from __future__ import annotations

from mish.caffe2._build.net import Net
from mish.caffe2.proto import caffe2_pb2

_ON_CPU = {"Concat": "output", "Split": "input"}
"""Operators whose second blob of a side, lengths, is always on the CPU."""


def device_option_equal(
    opt1: caffe2_pb2.DeviceOption | None,
    opt2: caffe2_pb2.DeviceOption | None,
    ignore_node_name: bool = True,
    ignore_random_seed: bool = True,
) -> bool:
    """Whether two device options name the same device; all options for the CPU do."""
    if opt1 is None or opt2 is None:
        return opt1 is opt2
    if not ignore_node_name and opt1.node_name != opt2.node_name:
        return False
    if not ignore_random_seed and opt1.random_seed != opt2.random_seed:
        return False
    if not opt1.device_type or not opt2.device_type:
        return not opt1.device_type and not opt2.device_type
    return bool(opt1.device_id == opt2.device_id)


def InferBlobDevices(net: Net) -> dict[str, caffe2_pb2.DeviceOption]:
    """The device options of the operators that make a net's blobs."""
    return {blob: op.device_option for op in net.Proto().op for blob in op.output}


def InferOpBlobDevices(
    op: caffe2_pb2.OperatorDef,
) -> tuple[list[caffe2_pb2.DeviceOption], list[caffe2_pb2.DeviceOption]]:
    """The devices of an operator's inputs and outputs: its own, but for lengths of pieces."""
    sides = []
    for side, blobs in (("input", op.input), ("output", op.output)):
        devices = [op.device_option] * len(blobs)
        if _ON_CPU.get(op.type) == side:
            devices[1:2] = [caffe2_pb2.DeviceOption()] * len(devices[1:2])
        sides.append(devices)
    return sides[0], sides[1]


def InferOpBlobDevicesAsDict(
    op: caffe2_pb2.OperatorDef,
) -> tuple[dict[str, caffe2_pb2.DeviceOption], dict[str, caffe2_pb2.DeviceOption]]:
    """As InferOpBlobDevices, by the names of the blobs."""
    inputs, outputs = InferOpBlobDevices(op)
    return (
        dict(zip(op.input, inputs, strict=True)),
        dict(zip(op.output, outputs, strict=True)),
    )
