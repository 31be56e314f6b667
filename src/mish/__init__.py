"""Mish, x·tanh(ln(1+eˣ)), and its derivatives: fast and accurate, as NumPy ufuncs.

>>> import numpy as np, mish
>>> mish.mish(np.float32(1))
np.float32(0.86509836)
"""

from __future__ import annotations

from mish._bfloat16 import register_when_available as _register_when_available
from mish._config import show_config
from mish._derivative import derivative
from mish._native import mish, mish_d1, mish_d2, mish_d3, mish_grad

_register_when_available()

__all__ = ["derivative", "mish", "mish_d1", "mish_d2", "mish_d3", "mish_grad", "show_config"]
