"""Arrays to time with."""

from __future__ import annotations

import pytest

from mish._measure import arrays


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 16])
def test_they_start_at_a_cache_line(size, dtype):
    x = arrays.empty(size, dtype)
    assert (x.size, x.dtype.name) == (size, dtype)
    assert x.ctypes.data % 64 == 0
    assert x.flags.writeable
    assert x.flags.c_contiguous
