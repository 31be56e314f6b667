"""Mish, x·tanh(ln(1+eˣ)), and its derivatives: fast and accurate, as NumPy ufuncs.

>>> import numpy as np, mish
>>> mish.mish(np.float32(1))
np.float32(0.8650984)
"""

from __future__ import annotations

from mish._numpy import bfloat16, pint, threadpoolctl, threads
from mish._numpy.config import get_include, get_library, show_config
from mish._numpy.native import mish, mish_d1, mish_d2, mish_d3, mish_grad
from mish._numpy.threads import get_num_threads, set_num_threads
from mish._taylor.antiderivative import antiderivative
from mish._taylor.derivative import derivative
from mish._taylor.inverse import inverse

__version__: str

threads.set_default()
bfloat16.register_when_available()
pint.register_when_available()
threadpoolctl.register_when_available()

__all__ = [
    "antiderivative",
    "derivative",
    "get_include",
    "get_library",
    "get_num_threads",
    "inverse",
    "mish",
    "mish_d1",
    "mish_d2",
    "mish_d3",
    "mish_grad",
    "set_num_threads",
    "show_config",
]


def __getattr__(name: str) -> str:
    """Read ``__version__`` when it is asked for: `importlib.metadata` takes long to import."""
    if name != "__version__":
        raise AttributeError(f"module 'mish' has no attribute '{name}'")
    from importlib.metadata import version

    globals()[name] = found = version("mish")
    return found
