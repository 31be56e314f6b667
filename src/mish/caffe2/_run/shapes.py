"""Shapes and types of a net's blobs, found by running its operators on arrays of the right shape.

So no operator needs a second definition; it costs as much as a run of the net.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mish.caffe2._contract.registry import Array
from mish.caffe2._run.operator import bind
from mish.caffe2.proto import caffe2_pb2


def infer(nets: Iterable[caffe2_pb2.NetDef], known: Mapping[str, Array]) -> dict[str, Array]:
    """Run nets on some blobs as far as these reach.

    Args:
        nets: the nets, in the order in which they run.
        known: arrays by the names of blobs.

    Returns:
        These and an array for every blob that can be made of them.

    Raises:
        Caffe2Error: an operator is not well formed or cannot take its inputs.
    """
    arrays = dict(known)
    for op in (op for net in nets for op in net.op):
        bound = bind(op)
        if all(blob in arrays for blob in op.input):
            made = bound([arrays[blob] for blob in op.input])
            arrays.update(zip(op.output, made, strict=True))
        else:
            for blob in op.output:
                arrays.pop(blob, None)
    return arrays
