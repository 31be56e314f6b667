"""Kernels for mish of a group normalisation whose groups fit in registers.

A program has one group of one sample; it reads it once and writes it once. The variance is the mean
of squared deviations, taken after the mean is known, so a large mean costs no digits of it. What
belongs to a channel is put together before its elements are, so that beside Mish an element costs
an addition for the mean, a subtraction and a multiply-add for the variance, and a multiply-add.

Tiles are numbered by their channels first, whichever way they lie.
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


@triton.constexpr_function
def _channel_tiles(tiling, last):
    return tiling.columns if last else tiling.rows


@triton.constexpr_function
def _place_tiles(tiling, last):
    return tiling.rows if last else tiling.columns


@triton.constexpr_function
def _known_places(tiling, last):
    """How many there are, or 0 if that depends on the launch."""
    if last:
        return 0 if tiling.check_rows else tiling.rows * tiling.block_rows
    return 0 if tiling.step else tiling.columns * tiling.block_columns


@triton.constexpr_function
def _checks_channels(tiling, last, channel_tile):
    rows, step = tiles.checks(tiling, *_tile(last, channel_tile, -2))
    return step > 0 if last else rows


@triton.constexpr_function
def _tile(last, channel_tile, place_tile):
    """Which tile this is, downwards and sideways."""
    return (place_tile, channel_tile) if last else (channel_tile, place_tile)


@triton.constexpr_function
def _axis_of_places(last):
    return 0 if last else 1


@triton.jit
def _channels(tiling: tl.constexpr, last: tl.constexpr, channel_tile: tl.constexpr):
    """The channels of a tile."""
    if last:
        block: tl.constexpr = tiling.block_columns
    else:
        block: tl.constexpr = tiling.block_rows
    return channel_tile * block + tl.arange(0, block)


@triton.jit
def _parameter(
    pointer,
    channel_tile: tl.constexpr,
    has: tl.constexpr,
    otherwise: tl.constexpr,
    depth: tl.constexpr,
    last: tl.constexpr,
    tiling: tl.constexpr,
    kind: tl.constexpr,
):
    channel = _channels(tiling, last, channel_tile)
    check: tl.constexpr = _checks_channels(tiling, last, channel_tile)
    return parameter(pointer, channel, has, otherwise, depth, check, kind)


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
    channel_tiles: tl.constexpr = _channel_tiles(tiling, last)
    place_tiles: tl.constexpr = _place_tiles(tiling, last)
    known: tl.constexpr = _known_places(tiling, last)
    if known:
        places = known
    elif not last:
        places = tiles.divisible(places, tiling)
    rows = places if last else depth
    columns = depth if last else places
    stride = groups * depth if last else places
    start, first = start_of(places, groups, depth, last, wide)
    x = x + start + tiles.offsets(stride, tiling)
    y = y + start + tiles.offsets(stride, tiling)
    weights = ()
    biases = ()
    values = ()
    total = tl.full(tiles.shape_of(tiling), 0.0, kind)
    for t in tl.static_range(channel_tiles):
        for s in tl.static_range(place_tiles):
            mask = tiles.inside(rows, columns, tiling, _tile(last, t, s))
            value = tiles.load(x + tiles.step_to(stride, tiling, _tile(last, t, s)), mask)
            total = total + value if t + s else value
            values += (value,)
        weights += (_parameter(weight + first, t, has_weight, 1.0, depth, last, tiling, kind),)
        biases += (_parameter(bias + first, t, has_bias, 0.0, depth, last, tiling, kind),)
    m = mean_of(total, depth * places, depth * known)
    deviations = ()
    for t in tl.static_range(channel_tiles):
        for s in tl.static_range(place_tiles):
            deviation = values[t * place_tiles + s] - m
            mask = tiles.inside(rows, columns, tiling, _tile(last, t, s))
            deviation = tiles.cleared(deviation, mask)
            total = tl.fma(deviation, deviation, total) if t + s else deviation * deviation
            deviations += (deviation,)
    r = reciprocal_root(mean_of(total, depth * places, depth * known) + eps)
    tl.store(mean + tl.program_id(0), m)
    tl.store(rstd + tl.program_id(0), r)
    for t in tl.static_range(channel_tiles):
        a = along_channels(weights[t] * r, total, last)
        b = along_channels(biases[t], total, last)
        for s in tl.static_range(place_tiles):
            z = tl.fma(deviations[t * place_tiles + s], a, b)
            mask = tiles.inside(rows, columns, tiling, _tile(last, t, s))
            tiles.store(y + tiles.step_to(stride, tiling, _tile(last, t, s)), function(z), mask)


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
    """dx, and for each sample the gradients by weight and bias; ``first`` is Mish's derivative.

    With h = (x − mean)·rstd and dz = dy·mish′(h·weight + bias), the gradient by h is dz·weight, and
    dx = rstd·(dz·weight − mean of that − h·mean of h times that). Where a tile goes beyond the
    group, dy is read as 0, and so is dz.
    """
    kind: tl.constexpr = mean.dtype.element_ty
    channel_tiles: tl.constexpr = _channel_tiles(tiling, last)
    place_tiles: tl.constexpr = _place_tiles(tiling, last)
    known: tl.constexpr = _known_places(tiling, last)
    if known:
        places = known
    elif not last:
        places = tiles.divisible(places, tiling)
    rows = places if last else depth
    columns = depth if last else places
    stride = groups * depth if last else places
    program = tl.program_id(0)
    start, channel_0 = start_of(places, groups, depth, last, wide)
    x = x + start + tiles.offsets(stride, tiling)
    dy = dy + start + tiles.offsets(stride, tiling)
    dx = dx + start + tiles.offsets(stride, tiling)
    m = tl.load(mean + program)
    r = tl.load(rstd + program)
    plain = tl.full(_channels(tiling, last, 0).shape, 0.0, kind)
    weighted = tl.full(_channels(tiling, last, 0).shape, 0.0, kind)
    scales = ()
    deviations = ()
    gradients = ()
    for t in tl.static_range(channel_tiles):
        channel = _channels(tiling, last, t)
        w = _parameter(weight + channel_0, t, has_weight, 1.0, depth, last, tiling, kind)
        scale = w * r
        shift = _parameter(bias + channel_0, t, has_bias, 0.0, depth, last, tiling, kind)
        total = tl.full(tiles.shape_of(tiling), 0.0, kind)
        product = tl.full(tiles.shape_of(tiling), 0.0, kind)
        for s in tl.static_range(place_tiles):
            mask = tiles.inside(rows, columns, tiling, _tile(last, t, s))
            at = tiles.step_to(stride, tiling, _tile(last, t, s))
            d = tiles.load(x + at, mask) - m
            z = tl.fma(d, along_channels(scale, d, last), along_channels(shift, d, last))
            dz = tiles.load(dy + at, mask) * first(z)
            total = total + dz if s else dz
            product = tl.fma(dz, d, product) if s else dz * d
            deviations += (d,)
            gradients += (dz,)
        scales += (scale,)
        by_bias = tl.sum(total, _axis_of_places(last))
        by_weight = tl.sum(product, _axis_of_places(last)) * r
        out = program // groups * (groups * depth) + channel_0 + channel
        tl.store(dbias + out, by_bias, mask=channel < depth)
        tl.store(dweight + out, by_weight, mask=channel < depth)
        plain = tl.fma(by_bias, w, plain)
        weighted = tl.fma(by_weight, w, weighted)
    offset = -r * mean_of(plain, depth * places, depth * known)
    slope = -r * (r * mean_of(weighted, depth * places, depth * known))
    for t in tl.static_range(channel_tiles):
        for s in tl.static_range(place_tiles):
            d = deviations[t * place_tiles + s]
            rest = tl.fma(d, tl.broadcast_to(slope, d.shape), tl.broadcast_to(offset, d.shape))
            each = tl.fma(gradients[t * place_tiles + s], along_channels(scales[t], d, last), rest)
            mask = tiles.inside(rows, columns, tiling, _tile(last, t, s))
            tiles.store(dx + tiles.step_to(stride, tiling, _tile(last, t, s)), each, mask)
