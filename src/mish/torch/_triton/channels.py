"""Kernels for mish(x·scale + shift), where each channel has a scale and a shift of its own.

A tensor is a matrix here. Channels first, each row is a channel of a sample; channels last, each
column is a channel. 16-bit formats are computed in float32 and rounded once.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton.elementary import constant


@triton.jit
def load_wide(pointer, mask):
    """Load in the arithmetic of the format: float32 for 16 bits."""
    x = tl.load(pointer, mask=mask, other=0.0)
    return x.to(tl.float32) if x.dtype.primitive_bitwidth == 16 else x


@triton.jit
def _affine(x, scale, shift, channel, known, last: tl.constexpr, has_scale: tl.constexpr):
    """x·scale + shift, and the scale; those of a channel lie along a column or a row."""
    b = tl.load(shift + channel, mask=known, other=0.0).to(x.dtype)
    b = b[None, :] if last else b[:, None]
    if has_scale:
        a = tl.load(scale + channel, mask=known, other=0.0).to(x.dtype)
        a = a[None, :] if last else a[:, None]
        a = tl.broadcast_to(a, x.shape)
        return tl.fma(x, a, tl.broadcast_to(b, x.shape)), a
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
    channels,
    function: tl.constexpr,
    last: tl.constexpr,
    has_scale: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    wide: tl.constexpr,
):
    """Y = mish(x·scale + shift) over a matrix; a program has a tile of it."""
    r = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    c = tl.program_id(1) * block_columns + tl.arange(0, block_columns)
    start = r.to(tl.int64) if wide else r
    at = start[:, None] * columns + c[None, :]
    inside = (r < rows)[:, None] & (c < columns)[None, :]
    channel = c if last else r % channels
    known = c < columns if last else r < rows
    z, _ = _affine(load_wide(x + at, inside), scale, shift, channel, known, last, has_scale)
    tl.store(y + at, function(z).to(y.dtype.element_ty), mask=inside)


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
    channels,
    rows_of_part,
    first: tl.constexpr,
    last: tl.constexpr,
    has_scale: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    wide: tl.constexpr,
):
    """dx, and for each part of the rows the sums of its gradients by scale and shift.

    ``first`` is the derivative of Mish. Channels first, rows are samples, and a program has one
    channel; channels last, a program has a block of columns. Sums of parts are added up in a fixed
    order elsewhere, so results repeat to the last bit.
    """
    part = tl.program_id(1)
    program = tl.program_id(0)
    i = tl.arange(0, block_rows)
    j = tl.arange(0, block_columns)
    begin = part * rows_of_part
    end = tl.minimum(begin + rows_of_part, rows)
    left = program * block_columns if last else 0
    right = tl.minimum(left + block_columns, columns) if last else columns
    total = tl.full((block_rows, block_columns), 0.0, dscale.dtype.element_ty)
    product = tl.full((block_rows, block_columns), 0.0, dscale.dtype.element_ty)
    for top in range(begin, end, block_rows):
        for side in range(left, right, block_columns):
            r = top + i
            c = side + j
            row = r.to(tl.int64) if wide else r
            row = row if last else row * channels + program
            at = row[:, None] * columns + c[None, :]
            inside = (r < end)[:, None] & (c < right)[None, :]
            channel = c if last else program + 0 * i
            known = c < right if last else r < end
            value = load_wide(x + at, inside)
            z, a = _affine(value, scale, shift, channel, known, last, has_scale)
            dz = tl.where(inside, load_wide(dy + at, inside) * first(z), 0.0)
            tl.store(dx + at, (dz * a).to(dx.dtype.element_ty), mask=inside)
            total += dz
            product += tl.where(inside, dz * value, 0.0)
    if last:
        out = part * channels + left + j
        tl.store(dshift + out, tl.sum(total, 0), mask=left + j < right)
        tl.store(dscale + out, tl.sum(product, 0), mask=left + j < right)
    else:
        tl.store(dshift + part * channels + program, tl.sum(tl.sum(total, 1), 0))
        tl.store(dscale + part * channels + program, tl.sum(tl.sum(product, 1), 0))
