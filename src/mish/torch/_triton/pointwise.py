"""The kernels: a function of each element, over dense memory.

A block that lies wholly within the array is read and written without masks, so that each thread
moves 16 bytes at a time whatever the length; the last one is masked. 16-bit formats are computed in
float32 and rounded once.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def offsets(block: tl.constexpr, wide: tl.constexpr):
    start = tl.program_id(0)
    if wide:
        start = start.to(tl.int64)
    start = start * block
    return start, start + tl.arange(0, block)


@triton.jit
def load(pointer, mask):
    x = tl.load(pointer, mask=mask)
    return x.to(tl.float32) if x.dtype.primitive_bitwidth == 16 else x


@triton.jit
def store(pointer, y, mask):
    tl.store(pointer, y.to(pointer.dtype.element_ty), mask=mask)


# One kernel serves all sizes that are narrow or wide: `launch` keeps it.
@triton.jit(do_not_specialize=["size"])
def unary(y, x, size, function: tl.constexpr, block: tl.constexpr, wide: tl.constexpr):
    """y[i] = function(x[i]) for i < size; ``y`` may be ``x``."""
    start, i = offsets(block, wide)
    if start + block <= size:
        store(y + i, function(load(x + i, None)), None)
    else:
        store(y + i, function(load(x + i, i < size)), i < size)


@triton.jit(do_not_specialize=["size"])
def weighted(y, weight, x, size, function: tl.constexpr, block: tl.constexpr, wide: tl.constexpr):
    """y[i] = weight[i]·function(x[i]) for i < size; ``y`` may be either."""
    start, i = offsets(block, wide)
    if start + block <= size:
        factor = load(weight + i, None)
        store(y + i, factor * function(load(x + i, None)), None)
    else:
        factor = load(weight + i, i < size)
        store(y + i, factor * function(load(x + i, i < size)), i < size)
