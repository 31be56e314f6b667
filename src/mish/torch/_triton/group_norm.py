"""Kernels for mish of a group normalisation; a program has one group of one sample.

A group is a matrix of its channels by the places of the sample, of whatever strides. Where a tile
holds all of it (``whole``), it is read once and written once; else it is read again for each pass,
from the cache if it fits there. The variance is the mean of squared deviations, taken after the
mean is known, so a large mean costs no digits of it.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton.channels import load_wide


@triton.jit
def _offsets(d, s, channels, places, channels_of_group, last: tl.constexpr, wide: tl.constexpr):
    """Where channels d and places s of this program's group lie, in elements."""
    program = tl.program_id(0)
    groups = channels // channels_of_group
    sample = program // groups
    first = (program % groups) * channels_of_group
    if wide:
        sample = sample.to(tl.int64)
        s = s.to(tl.int64)
    base = sample * channels * places
    if last:
        return base + first + s[None, :] * channels + d[:, None]
    else:
        return base + (first + d)[:, None] * places + s[None, :]


@triton.jit
def _parameter(pointer, d, channels, channels_of_group, has: tl.constexpr, x, otherwise):
    """A column of weights or biases, as wide as x."""
    groups = channels // channels_of_group
    first = (tl.program_id(0) % groups) * channels_of_group
    if has:
        value = tl.load(pointer + first + d, mask=d < channels_of_group, other=0.0).to(x.dtype)
        return tl.broadcast_to(value[:, None], x.shape)
    else:
        return tl.full(x.shape, otherwise, x.dtype)


@triton.jit
def _mean_of(total, count):
    """A sum of a block over ``count``."""
    sum = tl.sum(tl.sum(total, 1), 0)
    if sum.dtype == tl.float32:
        return tl.div_rn(sum, count.to(tl.float32))
    else:
        return sum / count.to(tl.float64)


@triton.jit
def _reciprocal_root(x):
    if x.dtype == tl.float32:
        return tl.div_rn(1.0, tl.sqrt_rn(x))
    else:
        return 1.0 / tl.sqrt(x)


@triton.jit
def forward(
    y,
    mean,
    rstd,
    x,
    weight,
    bias,
    channels,
    places,
    channels_of_group,
    eps: tl.constexpr,
    function: tl.constexpr,
    last: tl.constexpr,
    has_weight: tl.constexpr,
    has_bias: tl.constexpr,
    block_d: tl.constexpr,
    block_s: tl.constexpr,
    whole: tl.constexpr,
    wide: tl.constexpr,
):
    """Y = mish((x − mean)·rstd·weight + bias), and the mean and 1/√(variance + eps)."""
    i = tl.arange(0, block_d)
    j = tl.arange(0, block_s)
    count = channels_of_group * places
    at = _offsets(i, j, channels, places, channels_of_group, last, wide)
    inside = (i < channels_of_group)[:, None] & (j < places)[None, :]
    value = load_wide(x + at, inside)
    if whole:
        m = _mean_of(value, count)
        deviation = tl.where(inside, value - m, 0.0)
        variance = _mean_of(deviation * deviation, count)
    else:
        total = tl.full((block_d, block_s), 0.0, mean.dtype.element_ty)
        for d in range(0, channels_of_group, block_d):
            for s in range(0, places, block_s):
                at = _offsets(d + i, s + j, channels, places, channels_of_group, last, wide)
                inside = (d + i < channels_of_group)[:, None] & (s + j < places)[None, :]
                total += load_wide(x + at, inside)
        m = _mean_of(total, count)
        total = tl.full((block_d, block_s), 0.0, mean.dtype.element_ty)
        for d in range(0, channels_of_group, block_d):
            for s in range(0, places, block_s):
                at = _offsets(d + i, s + j, channels, places, channels_of_group, last, wide)
                inside = (d + i < channels_of_group)[:, None] & (s + j < places)[None, :]
                deviation = tl.where(inside, load_wide(x + at, inside) - m, 0.0)
                total = tl.fma(deviation, deviation, total)
        variance = _mean_of(total, count)
    r = _reciprocal_root(variance + eps)
    tl.store(mean + tl.program_id(0), m)
    tl.store(rstd + tl.program_id(0), r)
    for d in range(0, channels_of_group, block_d):
        a = _parameter(weight, d + i, channels, channels_of_group, has_weight, value, 1.0)
        b = _parameter(bias, d + i, channels, channels_of_group, has_bias, value, 0.0)
        for s in range(0, places, block_s):
            at = _offsets(d + i, s + j, channels, places, channels_of_group, last, wide)
            inside = (d + i < channels_of_group)[:, None] & (s + j < places)[None, :]
            if not whole:
                value = load_wide(x + at, inside)
            z = tl.fma((value - m) * r, a, b)
            tl.store(y + at, function(z).to(y.dtype.element_ty), mask=inside)


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
    channels,
    places,
    channels_of_group,
    first: tl.constexpr,
    last: tl.constexpr,
    has_weight: tl.constexpr,
    has_bias: tl.constexpr,
    block_d: tl.constexpr,
    block_s: tl.constexpr,
    whole: tl.constexpr,
    wide: tl.constexpr,
):
    """dx, and for each sample the gradients by weight and bias; ``first`` is Mish's derivative.

    With h = (x − mean)·rstd and dz = dy·mish′(h·weight + bias), the gradient by h is dz·weight, and
    dx = rstd·(dz·weight − mean of that − h·mean of h times that).
    """
    program = tl.program_id(0)
    groups = channels // channels_of_group
    start = (program // groups) * channels + (program % groups) * channels_of_group
    count = channels_of_group * places
    m = tl.load(mean + program)
    r = tl.load(rstd + program)
    i = tl.arange(0, block_d)
    j = tl.arange(0, block_s)
    plain = tl.full((block_d, block_s), 0.0, m.dtype)
    weighted = tl.full((block_d, block_s), 0.0, m.dtype)
    h = tl.full((block_d, block_s), 0.0, m.dtype)
    dh = tl.full((block_d, block_s), 0.0, m.dtype)
    for d in range(0, channels_of_group, block_d):
        a = _parameter(weight, d + i, channels, channels_of_group, has_weight, h, 1.0)
        b = _parameter(bias, d + i, channels, channels_of_group, has_bias, h, 0.0)
        total = tl.full((block_d, block_s), 0.0, m.dtype)
        product = tl.full((block_d, block_s), 0.0, m.dtype)
        for s in range(0, places, block_s):
            at = _offsets(d + i, s + j, channels, places, channels_of_group, last, wide)
            inside = (d + i < channels_of_group)[:, None] & (s + j < places)[None, :]
            h = tl.where(inside, (load_wide(x + at, inside) - m) * r, 0.0)
            dz = tl.where(inside, load_wide(dy + at, inside) * first(tl.fma(h, a, b)), 0.0)
            dh = dz * a
            total += dz
            product = tl.fma(dz, h, product)
        plain = tl.fma(total, a, plain)
        weighted = tl.fma(product, a, weighted)
        known = d + i < channels_of_group
        tl.store(dbias + start + d + i, tl.sum(total, 1), mask=known)
        tl.store(dweight + start + d + i, tl.sum(product, 1), mask=known)
    by_mean = _mean_of(plain, count)
    by_h = _mean_of(weighted, count)
    for d in range(0, channels_of_group, block_d):
        a = _parameter(weight, d + i, channels, channels_of_group, has_weight, h, 1.0)
        b = _parameter(bias, d + i, channels, channels_of_group, has_bias, h, 0.0)
        for s in range(0, places, block_s):
            at = _offsets(d + i, s + j, channels, places, channels_of_group, last, wide)
            inside = (d + i < channels_of_group)[:, None] & (s + j < places)[None, :]
            if not whole:
                h = (load_wide(x + at, inside) - m) * r
                dh = load_wide(dy + at, inside) * first(tl.fma(h, a, b)) * a
            each = (dh - by_mean - h * by_h) * r
            tl.store(dx + at, each.to(dx.dtype.element_ty), mask=inside)
