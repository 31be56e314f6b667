"""The operators Mish and MishGradient, made in one call."""

from __future__ import annotations

from typing import Any

from mish.caffe2._build.operator_def import CreateOperator
from mish.caffe2.proto import caffe2_pb2


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
