"""Operators used directly on arrays, without blobs and a workspace."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mish.caffe2 import execution
from mish.caffe2.errors import Caffe2Error
from mish.caffe2.operator_def import CreateOperator
from mish.caffe2.proto import caffe2_pb2
from mish.caffe2.registry import Array
from mish.caffe2.schema import describe


def MishOp(X: str = "X", Y: str = "Y", **options: Any) -> caffe2_pb2.OperatorDef:
    """Make the operator Mish: Y = mish(X).

    Y has the type and shape of X and cannot be the same blob. In float16 and bfloat16 the result
    is correctly rounded; in float32 its error is below 1 ulp, in float64 below 1.04 ulp.

    Args:
        X: the input blob, of float16, bfloat16, float32 or float64; any shape.
        Y: the output blob.
        options: more arguments of :func:`mish.caffe2.core.CreateOperator`.
    """
    return CreateOperator("Mish", X, Y, **options)


def MishGradientOp(
    X: str = "X", Y: str = "Y", dY: str = "dY", dX: str = "dX", **options: Any
) -> caffe2_pb2.OperatorDef:
    """Make the operator MishGradient: dX = dY·mish′(X).

    dX has the type and shape of X. All inputs are of one type; only their numbers of elements must
    agree. What Y holds is not used. The output cannot be one of the inputs.

    Args:
        X: the input blob of Mish, of float16, bfloat16, float32 or float64; any shape.
        Y: its output blob.
        dY: the gradient blob of Y.
        dX: the blob to write.
        options: more arguments of :func:`mish.caffe2.core.CreateOperator`.
    """
    return CreateOperator("MishGradient", [X, Y, dY], dX, **options)


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

    >>> invoke(MishOp(), np.float32(1))
    array(0.8650984, dtype=float32)
    """
    execution.verify(op)
    if len(arrays) != len(op.input):
        raise Caffe2Error(
            f"{describe(op)} got {len(arrays)} arrays, expected {len(op.input)}: "
            f"{', '.join(op.input) or 'none'}"
        )
    inputs = [execution.frozen(np.asarray(array)) for array in arrays]
    outputs = execution.run(op, inputs)
    return outputs[0] if len(outputs) == 1 else outputs
