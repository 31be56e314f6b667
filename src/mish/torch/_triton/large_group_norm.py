"""The kernels of `group_norm` for groups too large for registers.

A program reads its group again for each pass, from the cache if it fits there. Arguments are those
of `group_norm`; of the tiling, numbers of tiles do not count, and all are checked as the last is.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton import tiles
from mish.torch._triton.groups import (
    along_channels,
    mean_of,
    parameter,
    reciprocal_root,
    start_of,
)


@triton.jit
def _at(channel, place, stride, last: tl.constexpr, wide: tl.constexpr):
    """Where channels and places of a group lie."""
    i = place if last else channel
    j = channel if last else place
    if wide:
        i = i.to(tl.int64)
    return i[:, None] * stride + j[None, :]


@triton.jit
def _inside(channel, place, depth, places, last: tl.constexpr, tiling: tl.constexpr):
    if last:
        return tiles.within(place, channel, places, depth, tiling.check_rows, tiling.step)
    else:
        return tiles.within(channel, place, depth, places, tiling.check_rows, tiling.step)


@triton.jit
def forward(
    y,
    mean,
    rstd,
    x,
    weight,
    bias,
    places,
    groups: tl.constexpr,
    depth: tl.constexpr,
    eps: tl.constexpr,
    function: tl.constexpr,
    last: tl.constexpr,
    has_weight: tl.constexpr,
    has_bias: tl.constexpr,
    tiling: tl.constexpr,
    wide: tl.constexpr,
):
    """Y = mish((x − mean)·rstd·weight + bias), and the mean and 1/√(variance + eps)."""
    kind: tl.constexpr = mean.dtype.element_ty
    block_d: tl.constexpr = tiling.block_columns if last else tiling.block_rows
    block_s: tl.constexpr = tiling.block_rows if last else tiling.block_columns
    if not last:
        places = tiles.divisible(places, tiling)
    stride = groups * depth if last else places
    start, first = start_of(places, groups, depth, last, wide)
    x += start
    y += start
    d = tl.arange(0, block_d)
    s = tl.arange(0, block_s)
    total = tl.full((tiling.block_rows, tiling.block_columns), 0.0, kind)
    for c in range(0, depth, block_d):
        for p in range(0, places, block_s):
            mask = _inside(c + d, p + s, depth, places, last, tiling)
            total += tiles.load(x + _at(c + d, p + s, stride, last, wide), mask)
    m = mean_of(total, depth * places, 0)
    total = tl.full((tiling.block_rows, tiling.block_columns), 0.0, kind)
    for c in range(0, depth, block_d):
        for p in range(0, places, block_s):
            mask = _inside(c + d, p + s, depth, places, last, tiling)
            deviation = tiles.load(x + _at(c + d, p + s, stride, last, wide), mask) - m
            deviation = tiles.cleared(deviation, mask)
            total = tl.fma(deviation, deviation, total)
    r = reciprocal_root(mean_of(total, depth * places, 0) + eps)
    tl.store(mean + tl.program_id(0), m)
    tl.store(rstd + tl.program_id(0), r)
    for c in range(0, depth, block_d):
        a = parameter(weight + first, c + d, has_weight, 1.0, depth, True, kind) * r
        b = parameter(bias + first, c + d, has_bias, 0.0, depth, True, kind)
        for p in range(0, places, block_s):
            mask = _inside(c + d, p + s, depth, places, last, tiling)
            at = _at(c + d, p + s, stride, last, wide)
            deviation = tiles.load(x + at, mask) - m
            z = tl.fma(
                deviation,
                along_channels(a, deviation, last),
                along_channels(b, deviation, last),
            )
            tiles.store(y + at, function(z), mask)


@triton.jit
def backward(
    dx,
    dweight,
    dbias,
    dy,
    x,
    mean,
    rstd,
    weight,
    bias,
    places,
    groups: tl.constexpr,
    depth: tl.constexpr,
    first: tl.constexpr,
    last: tl.constexpr,
    has_weight: tl.constexpr,
    has_bias: tl.constexpr,
    tiling: tl.constexpr,
    wide: tl.constexpr,
):
    """dx, and for each sample the gradients by weight and bias; see `group_norm.backward`."""
    kind: tl.constexpr = mean.dtype.element_ty
    block_d: tl.constexpr = tiling.block_columns if last else tiling.block_rows
    block_s: tl.constexpr = tiling.block_rows if last else tiling.block_columns
    axis_s: tl.constexpr = 0 if last else 1
    if not last:
        places = tiles.divisible(places, tiling)
    stride = groups * depth if last else places
    program = tl.program_id(0)
    start, channel = start_of(places, groups, depth, last, wide)
    x += start
    dy += start
    dx += start
    m = tl.load(mean + program)
    r = tl.load(rstd + program)
    d = tl.arange(0, block_d)
    s = tl.arange(0, block_s)
    plain = tl.full((block_d,), 0.0, kind)
    weighted = tl.full((block_d,), 0.0, kind)
    for c in range(0, depth, block_d):
        w = parameter(weight + channel, c + d, has_weight, 1.0, depth, True, kind)
        shift = parameter(bias + channel, c + d, has_bias, 0.0, depth, True, kind)
        total = tl.full((tiling.block_rows, tiling.block_columns), 0.0, kind)
        product = tl.full((tiling.block_rows, tiling.block_columns), 0.0, kind)
        for p in range(0, places, block_s):
            mask = _inside(c + d, p + s, depth, places, last, tiling)
            at = _at(c + d, p + s, stride, last, wide)
            deviation = tiles.load(x + at, mask) - m
            z = tl.fma(
                deviation,
                along_channels(w * r, deviation, last),
                along_channels(shift, deviation, last),
            )
            dz = tiles.load(dy + at, mask) * first(z)
            total += dz
            product = tl.fma(dz, deviation, product)
        by_bias = tl.sum(total, axis_s)
        by_weight = tl.sum(product, axis_s) * r
        out = program // groups * (groups * depth) + channel + c + d
        tl.store(dbias + out, by_bias, mask=c + d < depth)
        tl.store(dweight + out, by_weight, mask=c + d < depth)
        plain = tl.fma(by_bias, w, plain)
        weighted = tl.fma(by_weight, w, weighted)
    offset = -r * mean_of(plain, depth * places, 0)
    slope = -r * (r * mean_of(weighted, depth * places, 0))
    for c in range(0, depth, block_d):
        a = parameter(weight + channel, c + d, has_weight, 1.0, depth, True, kind) * r
        shift = parameter(bias + channel, c + d, has_bias, 0.0, depth, True, kind)
        for p in range(0, places, block_s):
            mask = _inside(c + d, p + s, depth, places, last, tiling)
            at = _at(c + d, p + s, stride, last, wide)
            deviation = tiles.load(x + at, mask) - m
            scale = along_channels(a, deviation, last)
            z = tl.fma(deviation, scale, along_channels(shift, deviation, last))
            dz = tiles.load(dy + at, mask) * first(z)
            rest = tl.fma(
                deviation,
                tl.broadcast_to(slope, deviation.shape),
                tl.broadcast_to(offset, deviation.shape),
            )
            tiles.store(dx + at, tl.fma(dz, scale, rest), mask)
