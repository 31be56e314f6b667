"""Arrays to time with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mish._truth.formats import as_dtype

_LINE = 64
_PAGE = 4096


def empty(size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Make an array that starts at a cache line.

    NumPy's own start 16 bytes behind one. If by chance an output lies a few bytes behind its input,
    modulo the page, a copy by the C library takes ten times as long on some processors.
    """
    return staggered(1, size, as_dtype(dtype))[0]


def staggered(count: int, size: int, dtype: npt.DTypeLike) -> list[npt.NDArray[Any]]:
    """Make arrays that start at cache lines, and each at another place of a page.

    Where two start at the same one, a load waits for a store that it has nothing to do with, as
    the processor compares only the last 12 bits of their addresses at first.
    """
    form = np.dtype(dtype)
    apart = _PAGE // (count + 1) // _LINE * _LINE
    span = -(-size * form.itemsize // _PAGE) * _PAGE + apart
    room = np.empty(count * span + _LINE, np.uint8)
    first = -room.ctypes.data % _LINE
    starts = [first + i * span for i in range(count)]
    return [room[start : start + size * form.itemsize].view(form) for start in starts]
