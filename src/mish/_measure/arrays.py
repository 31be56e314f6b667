"""Arrays to time with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mish._truth.formats import as_dtype

_LINE = 64


def empty(size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Make an array that starts at a cache line.

    NumPy's own start 16 bytes behind one. If by chance an output lies a few bytes behind its input,
    modulo the page, a copy by the C library takes ten times as long on some processors.
    """
    form = as_dtype(dtype)
    raw = np.empty(size * form.itemsize + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size * form.itemsize].view(form)
