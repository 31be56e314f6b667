"""Mish in ONNX models: find it, and rewrite it to the form that a runtime runs fastest.

Needs the extra ``onnx``. Nothing but :func:`verify` and :func:`register` uses ONNX Runtime.
"""

from __future__ import annotations

from mish._support.extras import needs

with needs("onnx", "mish.onnx"):
    import onnx  # noqa: F401

from mish.onnx._compare.verify import Comparison, verify
from mish.onnx._find.quantized import find_quantized
from mish.onnx._find.search import find
from mish.onnx._find.site import Site
from mish.onnx._model.files import ModelError
from mish.onnx._write.forms import FORMS
from mish.onnx._write.kernel import register
from mish.onnx._write.optimize import Report, optimize

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
