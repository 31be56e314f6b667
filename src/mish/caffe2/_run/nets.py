"""Runs operators and nets on the blobs of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

from mish.caffe2._build.net import Net
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._messages import parse
from mish.caffe2._run.operator import BoundOperator, PreparedNet, bind
from mish.caffe2._run.store import Store
from mish.caffe2.proto import caffe2_pb2

NetLike: TypeAlias = Net | caffe2_pb2.NetDef | bytes
OperatorLike: TypeAlias = caffe2_pb2.OperatorDef | bytes

_M = TypeVar("_M", caffe2_pb2.NetDef, caffe2_pb2.OperatorDef)


def run_operator(operator: OperatorLike, store: Store) -> None:
    """Verify an operator, run it, and write its outputs.

    Raises:
        Caffe2Error: it cannot be run; nothing is written.
    """
    _run(bind(_message(caffe2_pb2.OperatorDef, operator)), store)


def prepare(net: NetLike, store: Store, given: Collection[str] = ()) -> PreparedNet:
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
    operators = []
    for index, op in enumerate(proto.op):
        with _within(proto, index):
            _inherit_device(proto, op)
            bound = bind(op)
            for place, blob in enumerate(op.input):
                if blob not in known:
                    with _reading(bound, place):
                        store.require(blob)
            known.update(op.output)
            operators.append(bound)
    return PreparedNet(proto, tuple(operators))


def run_net(net: PreparedNet, store: Store) -> None:
    """Run a prepared net.

    Raises:
        Caffe2Error: an operator failed. Those before it have written their outputs.
    """
    for step in steps(net, store):
        step()


def steps(net: PreparedNet, store: Store) -> Iterator[Callable[[], None]]:
    """What runs each operator of a prepared net, one after the other."""
    for index, bound in enumerate(net.operators):

        def step(index: int = index, bound: BoundOperator = bound) -> None:
            with _within(net.proto, index):
                _run(bound, store)

        yield step


def _run(bound: BoundOperator, store: Store) -> None:
    arrays = []
    for place, blob in enumerate(bound.definition.input):
        with _reading(bound, place):
            arrays.append(store.tensor(blob))
    store.blobs.update(zip(bound.definition.output, bound(arrays), strict=True))


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
def _reading(bound: BoundOperator, place: int) -> Iterator[None]:
    """Make errors say which input of which operator they come from."""
    try:
        yield
    except Caffe2Error as error:
        raise bound.invocation.error(
            f"input {bound.invocation.input_name(place)}: {error}"
        ) from error


def _message(kind: type[_M], given: _M | bytes) -> _M:
    if isinstance(given, kind):
        return given
    if not isinstance(given, bytes):
        raise TypeError(f"expected a {kind.__name__}, not {type(given).__name__}")
    return parse(kind, given)
