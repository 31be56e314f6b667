"""Mish in ONNX models: find it, and rewrite it to the form that runs fastest.

Needs the extra ``onnx``. Nothing but :func:`verify` uses ONNX Runtime.
"""

from __future__ import annotations

from mish.onnx.files import ModelError
from mish.onnx.match import Site, find
from mish.onnx.optimize import Report, optimize
from mish.onnx.verify import Comparison, verify

__all__ = ["Comparison", "ModelError", "Report", "Site", "find", "optimize", "verify"]
