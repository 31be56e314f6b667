"""Runs operators and nets on the blobs of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

from mish.caffe2 import execution
from mish.caffe2.errors import Caffe2Error
from mish.caffe2.net import Net
from mish.caffe2.parsing import parse
from mish.caffe2.proto import caffe2_pb2
from mish.caffe2.registry import find
from mish.caffe2.schema import describe
from mish.caffe2.store import Store

NetLike: TypeAlias = Net | caffe2_pb2.NetDef | bytes
OperatorLike: TypeAlias = caffe2_pb2.OperatorDef | bytes

_M = TypeVar("_M", caffe2_pb2.NetDef, caffe2_pb2.OperatorDef)


def run_operator(operator: OperatorLike, store: Store) -> None:
    """Verify an operator, run it, and write its outputs.

    Raises:
        Caffe2Error: it cannot be run; nothing is written.
    """
    op = _message(caffe2_pb2.OperatorDef, operator)
    execution.verify(op)
    _run(op, store)


def prepare(net: NetLike, store: Store, given: Collection[str] = ()) -> caffe2_pb2.NetDef:
    """Make a copy of a net that is verified as a whole and can be run.

    Args:
        net: the net.
        store: the blobs that it can read.
        given: more of these.

    Raises:
        Caffe2Error: one of its operators is not well formed or cannot be run here, or reads a
            blob that neither exists nor is written before.
    """
    proto = caffe2_pb2.NetDef()
    proto.CopyFrom(_message(caffe2_pb2.NetDef, net.Proto() if isinstance(net, Net) else net))
    known = {*store.blobs, *given}
    for index, op in enumerate(proto.op):
        with _within(proto, index):
            _inherit_device(proto, op)
            execution.verify(op)
            for place, blob in enumerate(op.input):
                if blob not in known:
                    with _reading(op, place):
                        store.require(blob)
            known.update(op.output)
    return proto


def run_net(proto: caffe2_pb2.NetDef, store: Store) -> None:
    """Run a prepared net.

    Raises:
        Caffe2Error: an operator failed. Those before it have written their outputs.
    """
    for step in steps(proto, store):
        step()


def steps(proto: caffe2_pb2.NetDef, store: Store) -> Iterator[Callable[[], None]]:
    """What runs each operator of a prepared net, one after the other."""
    for index, op in enumerate(proto.op):

        def step(index: int = index, op: caffe2_pb2.OperatorDef = op) -> None:
            with _within(proto, index):
                _run(op, store)

        yield step


def _run(op: caffe2_pb2.OperatorDef, store: Store) -> None:
    arrays = []
    for place, blob in enumerate(op.input):
        with _reading(op, place):
            arrays.append(store.tensor(blob))
    store.blobs.update(zip(op.output, execution.run(op, arrays), strict=True))


def _inherit_device(net: caffe2_pb2.NetDef, op: caffe2_pb2.OperatorDef) -> None:
    """Complete an operator's device option by the net's."""
    if net.HasField("device_option"):
        merged = caffe2_pb2.DeviceOption()
        merged.CopyFrom(net.device_option)
        merged.MergeFrom(op.device_option)
        op.device_option.CopyFrom(merged)


@contextmanager
def _within(net: caffe2_pb2.NetDef, index: int) -> Iterator[None]:
    """Make errors say which operator of which net they come from."""
    try:
        yield
    except Caffe2Error as error:
        place = f"net '{net.name}', operator {index + 1} of {len(net.op)}"
        raise Caffe2Error(f"{place}: {error}") from error


@contextmanager
def _reading(op: caffe2_pb2.OperatorDef, place: int) -> Iterator[None]:
    """Make errors say which input of which operator they come from."""
    try:
        yield
    except Caffe2Error as error:
        name = find(op).schema.input_name(place)
        raise Caffe2Error(f"{describe(op)}: input {name}: {error}") from error


def _message(kind: type[_M], given: _M | bytes) -> _M:
    if isinstance(given, kind):
        return given
    if not isinstance(given, bytes):
        raise TypeError(f"expected a {kind.__name__}, not {type(given).__name__}")
    return parse(kind, given)
