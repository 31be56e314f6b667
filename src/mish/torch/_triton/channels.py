"""Kernels for mish(x·scale + shift), where each channel has a scale and a shift of its own.

A tensor is a matrix here. Channels first, each row is a channel of a sample; channels last, each
column is a channel. 16-bit formats are computed in float32 and rounded once.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton import tiles
from mish.torch._triton.elementary import constant


@triton.jit
def _columns(
    columns, channels: tl.constexpr, last: tl.constexpr, wide: tl.constexpr, tiling: tl.constexpr
):
    """The number of columns, with all that is known of it."""
    if last:
        return channels
    else:
        columns = tiles.divisible(columns, tiling)
        return columns.to(tl.int64) if wide else columns


@triton.jit
def _parameter(pointer, channel, mask, x, last: tl.constexpr):
    """A number of each channel, repeated in the shape of a tile x."""
    value = tl.load(pointer + channel, mask=mask).to(x.dtype)
    return tl.broadcast_to(value[None, :] if last else value[:, None], x.shape)


@triton.jit
def _affine(x, scale, shift, channel, mask, last: tl.constexpr, has_scale: tl.constexpr):
    """x·scale + shift, and the scale."""
    b = _parameter(shift, channel, mask, x, last)
    if has_scale:
        a = _parameter(scale, channel, mask, x, last)
        return tl.fma(x, a, b), a
    else:
        return x + b, constant(x, 1.0)


@triton.jit
def forward(
    y,
    x,
    scale,
    shift,
    rows,
    columns,
    channels: tl.constexpr,
    function: tl.constexpr,
    last: tl.constexpr,
    has_scale: tl.constexpr,
    tiling: tl.constexpr,
    wide: tl.constexpr,
):
    """Y = mish(x·scale + shift) over a matrix; a program has a tile of it."""
    columns = _columns(columns, channels, last, wide, tiling)
    across = (columns + tiling.block_columns - 1) // tiling.block_columns
    program = tl.program_id(0).to(tl.int64) if wide else tl.program_id(0)
    top = program // across * tiling.block_rows
    left = program % across * tiling.block_columns
    i = top + tl.arange(0, tiling.block_rows)
    j = left + tl.arange(0, tiling.block_columns)
    start = top * columns + left
    at = tiles.offsets(columns, tiling)
    mask = tiles.within(i, j, rows, columns, tiling.check_rows, tiling.step)
    value = tiles.load(x + start + at, mask)
    channel = j if last else i % channels
    known = channel < channels if last and tiling.step else None
    z, _ = _affine(value, scale, shift, channel, known, last, has_scale)
    tiles.store(y + start + at, function(z), mask)


@triton.jit
def backward(
    dx,
    dscale,
    dshift,
    dy,
    x,
    scale,
    shift,
    rows,
    columns,
    rows_of_part,
    columns_of_part,
    channels: tl.constexpr,
    first: tl.constexpr,
    last: tl.constexpr,
    has_scale: tl.constexpr,
    tiling: tl.constexpr,
    wide: tl.constexpr,
):
    """dx, and for each part of the matrix the sums of its gradients by scale and shift.

    ``first`` is the derivative of Mish. Channels first, rows are samples, and a program has a part
    of one channel, so many rows by so many columns; channels last, it has so many rows of a block
    of columns. These numbers are multiples of the tile's. Sums of parts are added up in a fixed
    order elsewhere, so results repeat to the last bit. Where a tile goes beyond the matrix, dy is
    read as 0, and what is summed is 0.
    """
    kind: tl.constexpr = dscale.dtype.element_ty
    columns = _columns(columns, channels, last, wide, tiling)
    program = tl.program_id(0)
    part = tl.program_id(1) * tl.num_programs(2) + tl.program_id(2)
    begin = tl.program_id(1) * rows_of_part
    if wide:
        begin = begin.to(tl.int64)
    end = tl.minimum(begin + rows_of_part, rows)
    left = program * tiling.block_columns if last else tl.program_id(2) * columns_of_part
    right = left + 1 if last else tl.minimum(left + columns_of_part, columns)
    stride = channels if last else channels * columns
    start = 0 if last else program * columns
    at = tiles.offsets(stride, tiling)
    i = tl.arange(0, tiling.block_rows)
    j = tl.arange(0, tiling.block_columns)
    channel = left + j if last else program + 0 * i
    known = channel < channels if last and tiling.step else None
    total = tl.full(tiles.shape_of(tiling), 0.0, kind)
    product = tl.full(tiles.shape_of(tiling), 0.0, kind)
    for top in range(begin, end, tiling.block_rows):
        for side in range(left, right, tiling.block_columns):
            mask = tiles.within(top + i, side + j, end, columns, tiling.check_rows, tiling.step)
            tile = start + top * stride + side
            value = tiles.load(x + tile + at, mask)
            z, a = _affine(value, scale, shift, channel, known, last, has_scale)
            dz = tiles.load(dy + tile + at, mask) * first(z)
            tiles.store(dx + tile + at, dz * a, mask)
            total += dz
            product = tl.fma(dz, value, product)
    if last:
        out = part * channels + channel
        tl.store(dshift + out, tl.sum(total, 0), mask=channel < channels)
        tl.store(dscale + out, tl.sum(product, 0), mask=channel < channels)
    else:
        tl.store(dshift + part * channels + program, tl.sum(total))
        tl.store(dscale + part * channels + program, tl.sum(product))
