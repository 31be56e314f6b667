"""Mish, x·tanh(ln(1+eˣ)), and its derivatives: fast and accurate, as NumPy ufuncs.

>>> import numpy as np, mish
>>> mish.mish(np.float32(1))
np.float32(0.86509836)
"""

from __future__ import annotations

from mish import _bfloat16, _pint, _threadpoolctl, _threads
from mish._config import show_config
from mish._derivative import derivative
from mish._native import mish, mish_d1, mish_d2, mish_d3, mish_grad
from mish._threads import get_num_threads, set_num_threads

_threads.set_default()
_bfloat16.register_when_available()
_pint.register_when_available()
_threadpoolctl.register_when_available()

__all__ = [
    "derivative",
    "get_num_threads",
    "mish",
    "mish_d1",
    "mish_d2",
    "mish_d3",
    "mish_grad",
    "set_num_threads",
    "show_config",
]
