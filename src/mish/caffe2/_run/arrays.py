"""An operator or a net as a function of arrays, apart from the current workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mish._support.given import misfit
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.registry import Array
from mish.caffe2._contract.schema import describe
from mish.caffe2._run.nets import prepare, run_net
from mish.caffe2._run.operator import bind, frozen
from mish.caffe2._run.store import Store
from mish.caffe2.proto import caffe2_pb2


def invoke(op: caffe2_pb2.OperatorDef, *arrays: npt.ArrayLike) -> Array | tuple[Array, ...]:
    """Run an operator on arrays.

    Args:
        op: the operator.
        arrays: its inputs in their order.

    Returns:
        Its output, or a tuple if it has several. New arrays, read-only.

    Raises:
        Caffe2Error: there is no such operator, it is not well formed, asks for another device
            than the CPU, or the arrays are not what it takes.

    >>> from mish.caffe2 import MishOp
    >>> invoke(MishOp(), np.float32(1))
    array(0.8650984, dtype=float32)
    """
    bound = bind(op)
    if len(arrays) != len(op.input):
        raise Caffe2Error(
            f"{describe(op)} got {len(arrays)} arrays, expected {len(op.input)}: "
            f"{', '.join(op.input) or 'none'}"
        )
    inputs = [frozen(np.asarray(array)) for array in arrays]
    outputs = bound(inputs)
    return outputs[0] if len(outputs) == 1 else outputs


def evaluate(
    net: caffe2_pb2.NetDef,
    inputs: Mapping[str, npt.NDArray[Any]],
    *,
    init: caffe2_pb2.NetDef | None = None,
    outputs: Sequence[str] = (),
) -> dict[str, Array]:
    """Run a net on given arrays.

    Args:
        net: the net.
        inputs: the blobs that it takes from outside, those that ``init`` makes excepted.
        init: a net that makes its parameters, and is run first.
        outputs: the blobs to return; the net's external outputs if empty, or, if it declares
            none, all that it makes.

    Returns:
        The arrays by the names of their blobs.

    Raises:
        Caffe2Error: an input is missing, or one is given that the net does not read; an output
            is not made; or an operator fails.
    """
    made = {blob for op in net.op for blob in op.output}
    wanted = list(outputs or net.external_output) or sorted(made)
    store = Store()
    if init is not None:
        run_net(prepare(init, store), store)
    read = _read_from_outside(net)
    missing = [blob for blob in read if blob not in store.blobs and blob not in inputs]
    extra = [blob for blob in inputs if blob not in read]
    wrong = misfit(missing, extra)
    if wrong:
        raise Caffe2Error(f"{wrong}; the net '{net.name}' reads {', '.join(read) or 'nothing'}")
    for blob in wanted:
        if blob not in made and blob not in read:
            raise Caffe2Error(
                f"the net '{net.name}' does not make the blob '{blob}'; it makes "
                f"{', '.join(sorted(made))}"
            )
    for blob, array in inputs.items():
        store.feed(blob, array)
    run_net(prepare(net, store), store)
    return {blob: store.tensor(blob) for blob in wanted}


def _read_from_outside(net: caffe2_pb2.NetDef) -> list[str]:
    read: dict[str, None] = {}
    made: set[str] = set()
    for op in net.op:
        read.update(dict.fromkeys(blob for blob in op.input if blob not in made))
        made.update(op.output)
    return list(read)
