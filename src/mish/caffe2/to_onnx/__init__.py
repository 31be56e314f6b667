"""Nets of Caffe2 as ONNX models.

Needs the extras ``caffe2`` and ``onnx``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from mish._support.extras import needs

with needs("onnx", "mish.caffe2.to_onnx"):
    import onnx
    from onnx import helper

from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._run.nets import prepare, run_net
from mish.caffe2._run.operator import BoundOperator
from mish.caffe2._run.store import Store
from mish.caffe2.proto import caffe2_pb2
from mish.caffe2.to_onnx.graph import Graph
from mish.caffe2.to_onnx.operators import CONVERTERS, converter

_OPSET = 18  # the first that has Mish
_IR_VERSION = 8  # the one of that opset


def convert(
    net: caffe2_pb2.NetDef,
    *,
    init: caffe2_pb2.NetDef | None = None,
    examples: Mapping[str, npt.NDArray[Any]] | None = None,
    outputs: Sequence[str] = (),
) -> onnx.ModelProto:
    """Convert a net to an ONNX model of opset 18. Mish becomes the operator Mish.

    Operators that the outputs do not need are left out, gradient operators among them. Device
    options do not matter. The first axis of every input is left free.

    Args:
        net: the net.
        init: a net that makes its parameters. It is run, and they become part of the model, but for
            those of which there is an example: Caffe2's exporters fill inputs too.
        examples: examples of blobs from outside. They tell types and shapes; without one, an
            input is float32 (labels int32), of as many axes as the operators imply.
        outputs: the blobs that the model is to make; the net's external outputs if empty, or, if
            it declares none, those that it makes and does not read.

    Returns:
        The model, which ONNX's checker has passed.

    Raises:
        Caffe2Error: an operator cannot be converted, an output is not made, the init net fails,
            or it is not clear how many axes an input has.
    """
    if not net.op:
        raise Caffe2Error(f"the net '{net.name}' has no operators")
    wanted = list(outputs or net.external_output) or _unread(net)
    operators = _needed(net, wanted)
    store = Store()
    if init is not None:
        run_net(prepare(init, store), store)
    read = {blob for op in operators for blob in op.input}
    given = examples or {}
    extra = [blob for blob in given if blob not in read]
    if extra:
        raise Caffe2Error(
            f"there is an example of {', '.join(extra)}, which the operators that the outputs need "
            f"do not read; they read {', '.join(sorted(read)) or 'nothing'}"
        )
    constants = {
        blob: store.tensor(blob) for blob in store.blobs if blob in read and blob not in given
    }
    graph = Graph(operators, constants, given)
    for op in operators:
        call = BoundOperator(op).invocation
        converter(call)(graph, call)
    model = helper.make_model(
        graph.finish(net.name or "net", wanted),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="mish.caffe2",
    )
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise Caffe2Error(
            f"the net '{net.name}' does not fit together as an ONNX model: {error}"
        ) from error
    return model


def _unread(net: caffe2_pb2.NetDef) -> list[str]:
    """The blobs that are made and not read afterwards."""
    found: dict[str, None] = {}
    for op in net.op:
        for blob in op.input:
            found.pop(blob, None)
        found.update(dict.fromkeys(op.output))
    return list(found)


def _needed(net: caffe2_pb2.NetDef, wanted: Sequence[str]) -> list[caffe2_pb2.OperatorDef]:
    """The operators that the wanted blobs need, in their order."""
    made = {blob for op in net.op for blob in op.output}
    for blob in wanted:
        if blob not in made:
            raise Caffe2Error(
                f"the net '{net.name}' does not make the blob '{blob}'; it makes "
                f"{', '.join(sorted(made)) or 'none'}"
            )
    needed = set(wanted)
    found = []
    for op in reversed(net.op):
        if needed.intersection(op.output):
            needed.difference_update(op.output)
            needed.update(op.input)
            found.append(op)
    return found[::-1]


__all__ = ["CONVERTERS", "convert"]
