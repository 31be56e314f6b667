"""The kernels for training that keeps something smaller than the input of Mish.

Sides and codes are packed: for each eight numbers a byte for each bit. So programs see numbers in
rows of eight, in their order in memory.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton.from_output import RIGHT_OF, slope
from mish.torch._triton.pointwise import load, offsets, store


@triton.jit
def _bits(x):
    if x.dtype.primitive_bitwidth == 16:
        return x.to(tl.int16, bitcast=True)
    else:
        return x.to(tl.int32, bitcast=True)


@triton.jit
def _wide(x):
    return x.to(tl.float32) if x.dtype.primitive_bitwidth == 16 else x


@triton.jit(do_not_specialize=["size"])
def mark(y, x, size, function: tl.constexpr, block: tl.constexpr, wide: tl.constexpr):
    """y[i] = mish(x[i]) with its side in the last bit, for i < size; ``y`` may be ``x``."""
    _, i = offsets(block, wide)
    mask = i < size
    given = load(x + i, mask)
    exact = function(given)
    near = exact.to(y.dtype.element_ty)
    bits = _bits(near)
    # 16 bits: the neighbour nearer to zero, or the other. Wider ones: the last bit is set.
    lower = tl.where(tl.abs(_wide(near)) > tl.abs(exact), bits - 1, bits)
    wrong = ((lower & 1) == 1) != (given >= RIGHT_OF)
    if near.dtype.primitive_bitwidth == 16:
        bits = tl.where(wrong, lower + 1, lower).to(tl.int16)
    else:
        bits = tl.where(wrong, bits ^ 1, bits)
    marked = bits.to(near.dtype, bitcast=True)
    other = tl.where(given == 0, 0.0, _wide(near)).to(near.dtype)
    tl.store(y + i, tl.where(given < 0, marked, other), mask=mask)


@triton.jit(do_not_specialize=["size"])
def marked_backward(dx, dy, y, size, half: tl.constexpr, block: tl.constexpr, wide: tl.constexpr):
    """dx[i] = dy[i]·mish′ from marked outputs, for i < size; ``dx`` may be either."""
    _, i = offsets(block, wide)
    mask = i < size
    given = tl.load(y + i, mask=mask)
    bits = _bits(given)
    left = (bits < 0) & ((bits & 1) == 0)
    store(dx + i, load(dy + i, mask) * slope(_wide(given), left, half), mask)


@triton.jit
def _eights(block: tl.constexpr, wide: tl.constexpr):
    """The numbers of this program's rows, and the indices of what is in them."""
    rows: tl.constexpr = block // 8
    _, row = offsets(rows, wide)
    return row, row[:, None] * 8 + tl.arange(0, 8)[None, :]


@triton.jit(do_not_specialize=["size"])
def sides(packed, x, size, block: tl.constexpr, wide: tl.constexpr):
    """Where x[i] lies on the left of the minimum, for i < size."""
    row, i = _eights(block, wide)
    left = (load(x + i, i < size) < RIGHT_OF) & (i < size)
    byte = tl.sum(left.to(tl.int32) << tl.arange(0, 8)[None, :], axis=1)
    tl.store(packed + row, byte.to(tl.uint8), mask=row * 8 < size)


@triton.jit(do_not_specialize=["size"])
def sided_backward(
    dx, dy, y, packed, size, half: tl.constexpr, block: tl.constexpr, wide: tl.constexpr
):
    """dx[i] = dy[i]·mish′ from outputs and their sides, for i < size; ``dx`` may be ``dy``."""
    row, i = _eights(block, wide)
    mask = i < size
    byte = tl.load(packed + row, mask=row * 8 < size).to(tl.int32)
    given = load(y + i, mask)
    left = ((byte[:, None] >> tl.arange(0, 8)[None, :]) & 1) == 1
    store(dx + i, load(dy + i, mask) * slope(given, left, half), mask)


@triton.jit(do_not_specialize=["size"])
def codes(
    packed,
    x,
    size,
    function: tl.constexpr,
    borders: tl.constexpr,
    bits: tl.constexpr,
    block: tl.constexpr,
    wide: tl.constexpr,
):
    """How many of the borders mish′(x[i]) is not below, for i < size."""
    row, i = _eights(block, wide)
    found = function(load(x + i, i < size))
    code = tl.full(found.shape, 0, tl.int32)
    for k in tl.static_range(2**bits - 1):
        code += (found >= borders[k]).to(tl.int32)
    code = tl.where(i < size, code, 0)
    for k in tl.static_range(bits):
        byte = tl.sum(((code >> k) & 1) << tl.arange(0, 8)[None, :], axis=1)
        tl.store(packed + row * bits + k, byte.to(tl.uint8), mask=row * 8 < size)


@triton.jit(do_not_specialize=["size"])
def coded_backward(
    dx,
    dy,
    packed,
    size,
    levels: tl.constexpr,
    bits: tl.constexpr,
    block: tl.constexpr,
    wide: tl.constexpr,
):
    """dx[i] = dy[i]·level, for i < size; ``dx`` may be ``dy``."""
    row, i = _eights(block, wide)
    code = tl.full(i.shape, 0, tl.int32)
    for k in tl.static_range(bits):
        byte = tl.load(packed + row * bits + k, mask=row * 8 < size).to(tl.int32)
        code += ((byte[:, None] >> tl.arange(0, 8)[None, :]) & 1) << k
    level = tl.full(i.shape, levels[0], tl.float32)
    for k in tl.static_range(1, 2**bits):
        level = tl.where(code == k, levels[k], level)
    store(dx + i, load(dy + i, i < size) * level, i < size)
