"""Name scopes and device scopes: what operators made inside a ``with`` have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mish.caffe2.proto import caffe2_pb2

SEPARATOR = "/"
_names: ContextVar[str] = ContextVar("names", default="")
_device: ContextVar[caffe2_pb2.DeviceOption | None] = ContextVar("device", default=None)


def CurrentNameScope() -> str:
    """What is put before the names of blobs: empty, or it ends with a slash."""
    return _names.get()


def CurrentDeviceScope() -> caffe2_pb2.DeviceOption | None:
    """The device option that new operators get, if any."""
    return _device.get()


@contextmanager
def NameScope(prefix: str | None, reset: bool = False) -> Iterator[None]:
    """Put a prefix and a slash before the names of blobs given as strings.

    Args:
        prefix: the prefix; none if empty.
        reset: whether to forget the scopes around this one.
    """
    added = prefix + SEPARATOR if prefix else ""
    token = _names.set(added if reset else _names.get() + added)
    try:
        yield
    finally:
        _names.reset(token)


@contextmanager
def DeviceScope(
    scope: caffe2_pb2.DeviceOption | None, node_name: str | None = None
) -> Iterator[None]:
    """Give a device option to operators that have none of their own.

    A scope inside another inherits its node name, unless it has its own, and its extra
    information.

    Args:
        scope: the device option; None for one of ``node_name`` alone.
        node_name: the name of a node, in place of the option's.

    Raises:
        AssertionError: neither is given, as in Caffe2.
    """
    option = caffe2_pb2.DeviceOption()
    if scope is not None:
        option.CopyFrom(scope)
    elif not node_name:
        raise AssertionError("DeviceScope takes a device option, a node_name, or both")
    if node_name:
        option.node_name = node_name
    outer = _device.get()
    if outer is not None:
        if outer.HasField("node_name") and not option.HasField("node_name"):
            option.node_name = outer.node_name
        option.extra_info.extend(outer.extra_info)
    option.extra_info.sort()
    token = _device.set(option)
    try:
        yield
    finally:
        _device.reset(token)
