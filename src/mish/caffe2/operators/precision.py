"""16-bit formats: computed in float32, rounded once at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np

from mish.caffe2._contract.registry import Array, Invocation, Kernel
from mish.caffe2._contract.schema import dtype_name

_NARROW = ("float16", "bfloat16")


def in_float32(kernel: Kernel) -> Callable[..., Array | tuple[Array, ...]]:
    """Make a kernel compute in float32 where its floating-point inputs have 16 bits."""

    @wraps(kernel)
    def widened(call: Invocation, *arrays: Array) -> Array | tuple[Array, ...]:
        narrow = next((each.dtype for each in arrays if dtype_name(each.dtype) in _NARROW), None)
        if narrow is None:
            return kernel(call, *arrays)
        wide = (each.astype(np.float32) if each.dtype == narrow else each for each in arrays)
        results = kernel(call, *wide)
        if isinstance(results, tuple):
            return tuple(each.astype(narrow) for each in results)
        return results.astype(narrow)

    return widened
