"""Mish, x·tanh(ln(1+eˣ)), and its derivatives: fast and accurate, as NumPy ufuncs.

>>> import numpy as np, mish
>>> mish.mish(np.float32(1))
np.float32(0.8650984)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mish._numpy import bfloat16, pint, threadpoolctl, threads
from mish._numpy.config import get_include, get_library, show_config
from mish._numpy.native import mish, mish_d1, mish_d2, mish_d3, mish_grad
from mish._numpy.threads import get_num_threads, set_num_threads

if TYPE_CHECKING:
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


_LAZY = ("antiderivative", "derivative", "inverse")


def __getattr__(name: str) -> Any:
    """Find what is asked for seldom, and takes as long to import as all the rest, when it is."""
    if name in _LAZY:
        from importlib import import_module

        found = getattr(import_module(f"mish._taylor.{name}"), name)
    elif name == "__version__":
        from importlib.metadata import version

        found = version("mish")
    else:
        raise AttributeError(f"module 'mish' has no attribute '{name}'")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
