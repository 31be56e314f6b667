"""Mish in ONNX models: find it, and rewrite it to the form that a runtime runs fastest.

Needs the extra ``onnx``. Nothing but :func:`verify` and :func:`register` uses ONNX Runtime.
"""

from __future__ import annotations

from mish._support.extras import needs

with needs("onnx", "mish.onnx"):
    import onnx  # noqa: F401

from mish.onnx.files import ModelError
from mish.onnx.forms import FORMS
from mish.onnx.match import find
from mish.onnx.native import register
from mish.onnx.optimize import Report, optimize
from mish.onnx.quantized import find_quantized
from mish.onnx.site import Site
from mish.onnx.verify import Comparison, verify

__all__ = [
    "FORMS",
    "Comparison",
    "ModelError",
    "Report",
    "Site",
    "find",
    "find_quantized",
    "optimize",
    "register",
    "verify",
]
