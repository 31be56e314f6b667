"""Caffe2's ``workspace``: named blobs, and nets and operators that run on them.

There is one current workspace; ``SwitchWorkspace`` changes it. A tensor is copied when it is fed
and when it is fetched. Needs the ``caffe2`` extra (protobuf).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mish.caffe2 import _startup as startup
from mish.caffe2._build.blobs import Blob, BlobReference
from mish.caffe2._build.net import Net
from mish.caffe2._contract import registry
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.tensors import data_type_of, dtype_of
from mish.caffe2._run import shapes
from mish.caffe2._run.nets import (
    NetLike,
    OperatorLike,
    prepare,
    run_net,
    run_operator,
    steps,
)
from mish.caffe2._run.store import Store
from mish.caffe2.proto import caffe2_pb2

GlobalInit = startup.GlobalInit
GpuDeviceType = caffe2_pb2.PROTO_CUDA
has_cuda_support = has_hip_support = has_gpu_support = False

_workspaces = {"default": Store()}
_current = "default"


def _here() -> Store:
    return _workspaces[_current]


def _name(blob: Blob) -> str:
    if not isinstance(blob, str | bytes | BlobReference):
        raise TypeError(f"name must be a string or a BlobReference, not {blob!r}")
    return str(BlobReference(blob))


def NumCudaDevices() -> int:
    """How many GPUs can be used: none."""
    return 0


NumGpuDevices = NumCudaDevices


def SwitchWorkspace(name: str, create_if_missing: bool = False) -> bool:
    """Make another workspace the current one.

    Raises:
        Caffe2Error: there is none of that name, and it is not to be made.
    """
    global _current  # noqa: PLW0603 - Caffe2 has a current workspace
    if name not in _workspaces:
        if not create_if_missing:
            raise Caffe2Error(f"there is no workspace '{name}'; create_if_missing=True makes one")
        _workspaces[name] = Store()
    _current = name
    return True


def CurrentWorkspace() -> str:
    """The name of the current workspace."""
    return _current


def Workspaces() -> list[str]:
    """The names of all workspaces."""
    return list(_workspaces)


def ResetWorkspace(root_folder: str | None = None) -> bool:
    """Forget all blobs and nets of the current workspace. ``root_folder`` is not used."""
    _workspaces[_current] = Store()
    return True


def RegisteredOperators() -> list[str]:
    """The types of all operators."""
    return sorted(registry.OPERATORS)


def Blobs() -> list[str]:
    """The names of all blobs, in alphabetical order."""
    return sorted(_here().blobs)


def HasBlob(name: Blob) -> bool:
    """Whether there is a blob of that name."""
    return _name(name) in _here().blobs


def CreateBlob(name: Blob) -> bool:
    """Make a blob without a value, unless it exists."""
    _here().blobs.setdefault(_name(name), None)
    return True


def FeedBlob(name: Blob, arr: object, device_option: caffe2_pb2.DeviceOption | None = None) -> bool:
    """Give a blob a value, in place of what it had.

    Args:
        name: the blob.
        arr: a NumPy array of float16, bfloat16, float32, float64, bool, int8, uint8, int16,
            uint16, int32, int64 or of strings; or a TensorProto; or a string. It is copied.
        device_option: must be for the CPU.

    Raises:
        Caffe2Error: the value is of none of these types, or the device is not the CPU.
        TypeError: ``name`` is not the name of a blob.
    """
    if device_option is not None and device_option.device_type != caffe2_pb2.PROTO_CPU:
        raise Caffe2Error(
            f"the blob '{_name(name)}' cannot be fed to a GPU or another device: mish.caffe2 "
            "computes on the CPU alone. Leave out device_option"
        )
    _here().feed(_name(name), arr)
    return True


def FetchBlob(name: Blob) -> Any:
    """A copy of what a blob holds: an array, or bytes.

    Raises:
        Caffe2Error: there is no such blob, or it has no value yet.
        TypeError: ``name`` is not the name of a blob.
    """
    value = _here().value(_name(name))
    return value if isinstance(value, bytes) else value.copy()


def FetchBlobs(names: Iterable[Blob]) -> list[Any]:
    """Copies of what several blobs hold; see FetchBlob."""
    return [FetchBlob(name) for name in names]


class _Blobs:
    """The blobs of the current workspace as a dictionary."""

    def __getitem__(self, name: Blob) -> Any:
        return FetchBlob(name)

    def __setitem__(self, name: Blob, value: object) -> None:
        FeedBlob(name, value)

    def __contains__(self, name: Blob) -> bool:
        return HasBlob(name)

    def __iter__(self) -> Iterator[str]:
        return iter(Blobs())

    def __len__(self) -> int:
        return len(_here().blobs)


blobs = _Blobs()


def RunOperatorOnce(operator: OperatorLike) -> bool:
    """Run one operator on blobs of the workspace, and write its outputs there.

    Raises:
        Caffe2Error: there is no such operator, it is not well formed, asks for another device
            than the CPU, or a blob is missing or not what it takes. Nothing is written then.
    """
    run_operator(operator, _here())
    return True


def RunOperatorsOnce(operators: Iterable[OperatorLike]) -> bool:
    """Run operators one after the other; see RunOperatorOnce."""
    return all([RunOperatorOnce(operator) for operator in operators])


def CreateNet(net: NetLike, overwrite: bool = False, input_blobs: Sequence[Blob] = ()) -> bool:
    """Take a copy of a net into the workspace, to be run by name.

    Args:
        net: the net. Blobs that it writes are made, without values.
        overwrite: whether it may replace a net of the same name.
        input_blobs: blobs to make before, without values.

    Raises:
        Caffe2Error: an operator does not exist, is not well formed or asks for another device
            than the CPU; a blob is read that neither exists nor is made before; or the name is
            taken. The workspace is as before then.
    """
    here = _here()
    given = [_name(blob) for blob in input_blobs]
    prepared = prepare(net, here, given)
    proto = prepared.proto
    if proto.name in here.nets and not overwrite:
        raise Caffe2Error(
            f"there is a net '{proto.name}' in the workspace already; overwrite=True replaces it"
        )
    for blob in [*given, *(blob for op in proto.op for blob in op.output)]:
        here.blobs.setdefault(blob, None)
    here.nets[proto.name] = prepared
    return True


def RunNet(name: str | Net, num_iter: int = 1, allow_fail: bool = False) -> bool:
    """Run a net that was created.

    Args:
        name: its name, or the Net.
        num_iter: how many times.
        allow_fail: whether to return False when an operator fails, instead of raising an error.

    Raises:
        Caffe2Error: there is no such net, or an operator failed. Those before it have written
            their outputs.
        TypeError: ``name`` is neither a name nor a Net.
    """
    if not isinstance(name, str | Net):
        raise TypeError(f"name must be the name of a net or a Net, not {type(name).__name__}")
    here = _here()
    net = here.net(str(name))
    try:
        for _ in range(num_iter):
            run_net(net, here)
    except Caffe2Error:
        if allow_fail:
            return False
        raise
    return True


def RunNetOnce(net: NetLike) -> bool:
    """Run a net without taking it into the workspace.

    Raises:
        Caffe2Error: as CreateNet and RunNet do.
    """
    run_net(prepare(net, _here()), _here())
    return True


def BenchmarkNet(
    name: str | Net, warmup_runs: int, main_runs: int, run_individual: bool
) -> list[float]:
    """Time a net that was created.

    Args:
        name: its name, or the Net.
        warmup_runs: how many runs before.
        main_runs: how many runs to time.
        run_individual: whether to time each operator too, in as many runs more.

    Returns:
        Milliseconds of a run, and of each operator in it: 0 unless ``run_individual``.

    Raises:
        Caffe2Error: there is no such net, or an operator failed.
        ValueError: ``warmup_runs`` is negative, or ``main_runs`` below 1.
    """
    if warmup_runs < 0 or main_runs < 1:
        raise ValueError(
            f"warmup_runs must be 0 or more and main_runs 1 or more, not {warmup_runs} and "
            f"{main_runs}"
        )
    here = _here()
    net = here.net(str(name))
    for _ in range(warmup_runs):
        run_net(net, here)
    whole = _milliseconds(lambda: run_net(net, here), main_runs)
    if not run_individual:
        return [whole] + [0.0] * len(net.operators)
    operators = np.zeros(len(net.operators))
    for _ in range(main_runs):
        operators += [_milliseconds(step, 1) for step in steps(net, here)]
    return [whole, *(operators / main_runs).tolist()]


def _milliseconds(call: Callable[[], object], runs: int) -> float:
    start = time.perf_counter()
    for _ in range(runs):
        call()
    return (time.perf_counter() - start) / runs * 1e3


def InferShapesAndTypes(
    nets: Sequence[Any],
    blob_dimensions: Mapping[str, Sequence[int]] | None = None,
    nets_proto: bool = False,
    blob_types: Mapping[str, int] | None = None,
) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Find the shapes and types of the blobs of nets, by running these on zeros.

    Args:
        nets: the nets, in the order in which they run.
        blob_dimensions: shapes of what they read. Unless given, the blobs of the workspace and
            what they hold.
        nets_proto: whether ``nets`` holds NetDefs rather than Nets.
        blob_types: types of what they read, of ``caffe2_pb2.TensorProto``; else FLOAT.

    Returns:
        Shapes, and types, by the names of blobs; those that cannot be told are left out.

    Raises:
        AssertionError: ``blob_types`` is given without ``blob_dimensions``, as in Caffe2.
        Caffe2Error: an operator is not well formed, or cannot take its inputs.
    """
    if blob_dimensions is None:
        if blob_types is not None:
            raise AssertionError("blob_types needs blob_dimensions")
        held = _here().blobs.items()
        known = {name: value for name, value in held if isinstance(value, np.ndarray)}
    else:
        types = dict(blob_types or {})
        known = {
            str(name): np.zeros(shape, dtype_of(types.get(name, caffe2_pb2.TensorProto.FLOAT)))
            for name, shape in blob_dimensions.items()
        }
    found = shapes.infer([net if nets_proto else net.Proto() for net in nets], known)
    return (
        {name: list(array.shape) for name, array in found.items()},
        {name: data_type_of(array.dtype) for name, array in found.items()},
    )
