"""Runs a net once, apart from the current workspace: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from mish.caffe2 import runner
from mish.caffe2.errors import Caffe2Error
from mish.caffe2.proto import caffe2_pb2
from mish.caffe2.registry import Array
from mish.caffe2.store import Store


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
        runner.run_net(runner.prepare(init, store), store)
    read = _read_from_outside(net)
    missing = [blob for blob in read if blob not in store.blobs and blob not in inputs]
    extra = [blob for blob in inputs if blob not in read]
    if missing or extra:
        told = [
            f"{what} {', '.join(names)}"
            for what, names in (("lacks", missing), ("has besides", extra))
            if names
        ]
        raise Caffe2Error(
            f"the input {' and '.join(told)}; the net '{net.name}' reads "
            f"{', '.join(read) or 'nothing'}"
        )
    for blob in wanted:
        if blob not in made and blob not in read:
            raise Caffe2Error(
                f"the net '{net.name}' does not make the blob '{blob}'; it makes "
                f"{', '.join(sorted(made))}"
            )
    for blob, array in inputs.items():
        store.feed(blob, array)
    runner.run_net(runner.prepare(net, store), store)
    return {blob: store.tensor(blob) for blob in wanted}


def _read_from_outside(net: caffe2_pb2.NetDef) -> list[str]:
    read: dict[str, None] = {}
    made: set[str] = set()
    for op in net.op:
        read.update(dict.fromkeys(blob for blob in op.input if blob not in made))
        made.update(op.output)
    return list(read)
