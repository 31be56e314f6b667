"""Caffe2's operators Mish and MishGradient, and enough of Caffe2 to build and run nets with them.

A script for Caffe2 that keeps to what is here (docs/caffe2.md lists it) runs with its import lines
changed::

    from mish.caffe2 import caffe2_pb2, core, workspace

Values come from mish's ufuncs, so they are right where Caffe2's were wrong. Runs on the CPU, on
NumPy alone. Needs the ``caffe2`` extra (protobuf).
"""

from __future__ import annotations

from mish._support.extras import needs

with needs("caffe2", "mish.caffe2"):
    import google.protobuf  # type: ignore[import-untyped]  # noqa: F401

from mish.caffe2 import core, workspace
from mish.caffe2._build.mish_operators import MishGradientOp, MishOp
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.gradient import Gradient
from mish.caffe2._contract.registry import no_gradient, register_gradient, register_operator
from mish.caffe2._contract.schema import OpSchema
from mish.caffe2._run.arrays import invoke
from mish.caffe2.operators.mish import GetMishGradient
from mish.caffe2.proto import caffe2_pb2

__all__ = [
    "Caffe2Error",
    "GetMishGradient",
    "Gradient",
    "MishGradientOp",
    "MishOp",
    "OpSchema",
    "caffe2_pb2",
    "core",
    "invoke",
    "no_gradient",
    "register_gradient",
    "register_operator",
    "workspace",
]
