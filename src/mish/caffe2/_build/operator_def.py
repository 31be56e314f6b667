"""Makes the definitions of operators and device options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mish.caffe2._build import scope
from mish.caffe2._contract.arguments import MakeArgument
from mish.caffe2._build.blobs import Blobs, references
from mish.caffe2.proto import caffe2_pb2


def CreateOperator(
    operator_type: str,
    inputs: Blobs,
    outputs: Blobs,
    name: str = "",
    control_input: Blobs | None = None,
    device_option: caffe2_pb2.DeviceOption | None = None,
    arg: Iterable[caffe2_pb2.Argument] | None = None,
    engine: str | None = None,
    debug_info: str | None = None,
    **kwargs: Any,
) -> caffe2_pb2.OperatorDef:
    """Make an operator. Whether it exists and is well formed is seen when it runs.

    Args:
        operator_type: its type, for example ``"Mish"``.
        inputs: its input blobs; strings are names within the current name scope.
        outputs: its output blobs, likewise.
        name: its own name, for messages.
        control_input: blobs that must be there before it runs.
        device_option: where it runs; else what the device scope says.
        arg: arguments that are made already.
        engine: kept, and copied to gradients; there is one engine here.
        debug_info: kept.
        kwargs: its arguments, each with its value; None leaves it out. ``random_seed`` goes to the
            device option.

    Raises:
        TypeError: a blob is neither a string nor a BlobReference.
        ValueError: an argument has a value that no argument can hold.
    """
    operator = caffe2_pb2.OperatorDef(type=operator_type, name=name)
    operator.input.extend(map(str, references(inputs)))
    operator.output.extend(map(str, references(outputs)))
    if control_input:
        operator.control_input.extend(map(str, references(control_input)))
    device = scope.CurrentDeviceScope() if device_option is None else device_option
    if device is not None:
        operator.device_option.CopyFrom(device)
    if engine is not None:
        operator.engine = engine
    if debug_info is not None:
        operator.debug_info = debug_info
    seed = kwargs.pop("random_seed", None)
    if seed is not None:
        operator.device_option.random_seed = seed
    operator.arg.extend(arg or ())
    operator.arg.extend(
        MakeArgument(key, value) for key, value in kwargs.items() if value is not None
    )
    return operator


def DeviceOption(
    device_type: int,
    device_id: int = 0,
    random_seed: int | None = None,
    node_name: str | None = None,
    numa_node_id: int | None = None,
    extra_info: Iterable[str] | None = None,
) -> caffe2_pb2.DeviceOption:
    """Make a device option.

    Args:
        device_type: ``caffe2_pb2.CPU``, ``caffe2_pb2.CUDA``, ...; operators run on the CPU alone.
        device_id: which of several devices.
        random_seed: for operators that draw random numbers.
        node_name: kept.
        numa_node_id: kept; for the CPU alone.
        extra_info: kept.

    Raises:
        ValueError: ``numa_node_id`` is given for another device than the CPU.
    """
    if numa_node_id is not None and device_type != caffe2_pb2.PROTO_CPU:
        raise ValueError("numa_node_id must be None for any device_type but caffe2_pb2.CPU")
    option = caffe2_pb2.DeviceOption(device_type=device_type, device_id=device_id)
    for field, value in (
        ("random_seed", random_seed),
        ("node_name", node_name),
        ("numa_node_id", numa_node_id),
    ):
        if value is not None:
            setattr(option, field, value)
    option.extra_info.extend(extra_info or ())
    return option
