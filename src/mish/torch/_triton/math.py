"""Mish and its derivatives for Triton kernels, each a function of a block.

``mish``, ``mish_d1``, ``mish_d2`` and ``mish_d3`` take float32 or float64 and return the same, in
float32 less than 1 ulp from the exact value. ``mish_half``, ``mish_half_d1``, … are for 16-bit
formats: they take float32 and return float32, right to some 19 bits, in a third of the
instructions. Load float16 or bfloat16, convert to float32, call those, and round once at the end.
``mish_float16`` and ``mish_float16_d1`` are shorter, or closer, where the format is float16.

All must be compiled with ``enable_fp_fusion=False``.

With e = exp(x), d = e² + 2e + 2, g = 1/d, h = e·g::

    mish   = x·n·g,  n = e² + 2e
    mish′  = h·(2x + 2 + e·(1 − 2x·h))
    mish″  = 4h·g·(2(e + 1) + x·K),  K = 1 − 2e + 4h
    mish‴  = 4h·g·(3K + x·(1 + 4e − 12M·(1 + 2h))),  M = (e + 1)·h

Each comes from the one before by d′ = 2e(e + 1), g′ = −g²·d′ and (e + 1)²·g = 1 − g; the bracket
of mish′, which is e + 2 + 4x·(e + 1)·g at first, by 2(e + 1)·g = 1 − e²·g besides. Brackets that
cancel are computed in two parts; around their zeros, where no precision of e would suffice, a
polynomial in the distance takes over.

Where e is tiny, Mish and mish′ are like it. So they are computed with e times a constant power of
two, and brought down at the end: no part of a product underflows on the way. The others are like e
on the left and like e**−2 on the right. There e = E·2**excess with E held within bounds, and the
result is the one for E times that power of 2**excess.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton import approximate, constants
from mish.torch._triton.elementary import (
    bits,
    clamp,
    constant,
    exp_held,
    exp_scaled,
    horner,
    part_of,
    plus,
    plus_small,
    rough_reciprocal,
    scaled,
    times,
    times_constant,
    times_exact,
    two_sum,
)

# Within this distance of a zero a polynomial stands for a derivative; for Mish′ in float16, which
# has few numbers there, within the second.
RADIUS = tl.constexpr(constants.RADIUS)
FLOAT16_RADIUS = tl.constexpr(1 / 64)
# Where functions have reached their limits: on the left; on the right Mish, Mish′, the others.
F32_LIMITS = tl.constexpr((-109.0, 20.0, 11.0, 60.0))
F64_LIMITS = tl.constexpr((-800.0, 40.0, 21.0, 400.0))
FLOAT16_LEFT = tl.constexpr(-40.0)
# exp(x) times this power of two is a normal number within the limits, and neither it overflows
# (Mish′) nor does its square (Mish).
F32_POWERS = tl.constexpr((32, 64))
F64_POWERS = tl.constexpr((256, 512))
# Bounds of E as powers of two for the higher derivatives; in 16 bits those of x.
F32_HELD = tl.constexpr((-64, 32))
F64_HELD = tl.constexpr((-512, 128))
HALF_HELD = tl.constexpr((-44.0, 22.0))
# A sum with one of these is rounded to a multiple of 2**-8 or 2**-20.
F32_COARSE = tl.constexpr(1.5 * 2**15)
F64_COARSE = tl.constexpr(1.5 * 2**32)
LOG2E = tl.constexpr(constants.F32_LOG2E)


@triton.constexpr_function
def _row(order, number, is_float32):
    """What is known of a derivative next to a zero: c, f0, p1, what p1 lacks, p2, p3 and so on."""
    name = f"{'F32' if is_float32 else 'F64'}_D{order}_ZERO{number}"
    return getattr(constants, name)


@triton.jit
def mish(x):
    """Mish of a block of float32 or float64; keeps the sign of zero."""
    if x.dtype == tl.float32:
        limits: tl.constexpr = F32_LIMITS
        power: tl.constexpr = F32_POWERS[0]
    else:
        limits: tl.constexpr = F64_LIMITS
        power: tl.constexpr = F64_POWERS[0]
    unit: tl.constexpr = 2.0**power
    down: tl.constexpr = 2.0 ** (-2 * power)
    c = clamp(x, limits[0], limits[1])
    # e and n are the true ones times unit and times unit².
    e, e_tail = exp_scaled(c, power)
    e2 = e * (2 * unit)
    n = tl.fma(e, e, e2)
    twice = tl.fma(e, constant(x, 2.0), constant(x, 2 * unit))
    n_tail = tl.fma(e_tail, twice, tl.fma(e, e, e2 - n))
    d = tl.fma(n, constant(x, down), constant(x, 2.0))
    d_tail = tl.fma(n, constant(x, down), 2.0 - d)
    d_tail = tl.fma(n_tail, constant(x, down), d_tail)
    g = rough_reciprocal(d)
    q = n * g
    rest = tl.fma(-q, d_tail, tl.fma(-q, d, n) + n_tail)
    y = tl.fma(c, q, c * (g * rest)) * down
    y = tl.where(x > limits[1], x, y)
    # n·g is positive; but −0 times the parts of it may sum up to +0.
    if x.dtype == tl.float32:
        return (bits(y) | (bits(x) & -0x80000000)).to(x.dtype, bitcast=True)
    else:
        return (bits(y) | (bits(x) & -0x8000000000000000)).to(x.dtype, bitcast=True)


@triton.jit
def _near_zero(x, row: tl.constexpr, y):
    """``y``, but next to the zero of this row the polynomial there."""
    f0 = constant(x, row[1])
    p1 = constant(x, row[2])
    if row[0] < -2 * RADIUS or row[0] > 2 * RADIUS:  # x and c are close, so x − c is exact
        d = x - row[0]
    else:
        d, d_tail = two_sum(x, constant(x, -row[0]))
        f0 = tl.fma(d_tail, p1, f0)
    # What follows p1·d is less than a tenth of it, so that its rounding hardly counts.
    others = tl.fma(d, horner(d, part_of(row, 3, None)), f0)
    return tl.where(tl.abs(d) < RADIUS, tl.fma(d, p1, others), y)


@triton.jit
def _near_zeros(x, order: tl.constexpr, y):
    for i in tl.static_range(order):
        y = _near_zero(x, _row(order, i, x.dtype == tl.float32), y)
    return y


@triton.jit
def _denominator(a, a_tail):
    """Return d = a² + 1 in two parts, for a ≥ 1."""
    square, square_tail = times_exact(a, a_tail * 2.0, a)
    d = square + 1.0
    return d, (1.0 - (d - square)) + square_tail


@triton.jit
def mish_d1(x):
    """The first derivative of a block of float32 or float64."""
    if x.dtype == tl.float32:
        limits: tl.constexpr = F32_LIMITS
        power: tl.constexpr = F32_POWERS[1]
        coarse: tl.constexpr = F32_COARSE
    else:
        limits: tl.constexpr = F64_LIMITS
        power: tl.constexpr = F64_POWERS[1]
        coarse: tl.constexpr = F64_COARSE
    down: tl.constexpr = 2.0**-power
    c = clamp(x, limits[0], limits[2])
    large, large_tail = exp_scaled(c, power)
    e = large * down
    e_tail = large_tail * down
    a, a_tail = plus_small(e, e_tail, 1.0)
    d, d_tail = _denominator(a, a_tail)
    g = rough_reciprocal(d)
    rest = tl.fma(-g, d_tail, tl.fma(-g, d, constant(x, 1.0)))
    h = large * g  # times 2**power, as h_tail is
    h_tail = tl.fma(large_tail, g, tl.fma(h, rest, tl.fma(large, g, -h)))
    minus_2x = c * (-2 * down)
    v = tl.fma(minus_2x, h, constant(x, 1.0))
    v_tail = tl.fma(minus_2x, h_tail, tl.fma(minus_2x, h, 1.0 - v))
    # A coarse part of 2x + 2 and the rest; e·v may be far greater, and w − b must be exact.
    w = tl.fma(c, constant(x, 2.0), constant(x, 2.0 + coarse)) - coarse
    w_rest = tl.fma(c, constant(x, 2.0), 2.0 - w)
    b = tl.fma(e, v, w)
    b_tail = tl.fma(e, v_tail, tl.fma(e_tail, v, tl.fma(e, v, w - b) + w_rest))
    y = tl.fma(h, b, tl.fma(h, b_tail, h_tail * b)) * down
    return _near_zeros(x, 1, y)


@triton.jit
def _parts(x):
    """What the higher derivatives have in common.

    Returns:
        x within its range, e, a = e + 1, g = 1/d and e·g, each in two parts, and the excess of e.
    """
    if x.dtype == tl.float32:
        limits: tl.constexpr = F32_LIMITS
        bounds: tl.constexpr = F32_HELD
    else:
        limits: tl.constexpr = F64_LIMITS
        bounds: tl.constexpr = F64_HELD
    c = clamp(x, limits[0], limits[3])
    e, e_tail, excess = exp_held(c, bounds[0], bounds[1])
    a, a_tail = plus(e, e_tail, 1.0)
    d, d_tail = _denominator(a, a_tail)
    g = rough_reciprocal(d)
    g_tail = g * tl.fma(-g, d_tail, tl.fma(-g, d, constant(x, 1.0)))
    h, h_tail = times(e, e_tail, g, g_tail)
    return c, e, e_tail, a, a_tail, g, g_tail, h, h_tail, excess


@triton.jit
def _k(e, e_tail, h, h_tail):
    """K = 1 − 2e + 4h in two parts."""
    k, k_tail = two_sum(constant(e, 1.0), e * -2.0)
    k, low = two_sum(k, h * 4.0)
    return k, low + tl.fma(h_tail, constant(e, 4.0), tl.fma(e_tail, constant(e, -2.0), k_tail))


@triton.jit
def _tapered(h, h_tail, g, g_tail, b, b_tail, excess):
    """4h·g·(b + b_tail), scaled: like e on the left and like 1/e² on the right."""
    f, f_tail = times(h * 4.0, h_tail * 4.0, g, g_tail)
    y = tl.fma(f, b, tl.fma(f, b_tail, f_tail * b))
    return scaled(y, tl.minimum(excess, excess * -2.0))


@triton.jit
def mish_d2(x):
    """The second derivative of a block of float32 or float64."""
    c, e, e_tail, a, a_tail, g, g_tail, h, h_tail, excess = _parts(x)
    k, k_tail = _k(e, e_tail, h, h_tail)
    xk, xk_tail = times_exact(k, k_tail, c)
    b, b_tail = two_sum(a * 2.0, xk)
    b_tail = b_tail + tl.fma(a_tail, constant(x, 2.0), xk_tail)
    y = _tapered(h, h_tail, g, g_tail, b, b_tail, excess)
    return _near_zeros(x, 2, y)


@triton.jit
def mish_d3(x):
    """The third derivative of a block of float32 or float64."""
    c, e, e_tail, a, a_tail, g, g_tail, h, h_tail, excess = _parts(x)
    k, k_tail = _k(e, e_tail, h, h_tail)
    m, m_tail = times(a, a_tail, h, h_tail)
    w, w_tail = two_sum(constant(x, 1.0), h * 2.0)
    w_tail = tl.fma(h_tail, constant(x, 2.0), w_tail)
    p, p_tail = times(m, m_tail, w, w_tail)
    p, p_tail = times_constant(p, p_tail, -12.0)
    q, q_tail = two_sum(constant(x, 1.0), e * 4.0)
    v, v_tail = two_sum(q, p)
    v_tail = v_tail + (tl.fma(e_tail, constant(x, 4.0), q_tail) + p_tail)
    xv, xv_tail = times_exact(v, v_tail, c)
    k3, k3_tail = times_constant(k, k_tail, 3.0)
    b, b_tail = two_sum(k3, xv)
    b_tail = b_tail + (k3_tail + xv_tail)
    y = _tapered(h, h_tail, g, g_tail, b, b_tail, excess)
    return _near_zeros(x, 3, y)


@triton.jit
def mish_half(x):
    """Mish of a block of float32 that comes from, and goes to, a 16-bit format."""
    c = clamp(x, F32_LIMITS[0], None)
    root = approximate.exp2(clamp(c, None, F32_LIMITS[1]) * (LOG2E / 2))
    e = root * root  # where this is 0, root is not
    s = e + 2.0
    w = s * approximate.reciprocal(tl.fma(e, s, constant(x, 2.0)))
    return (c * (root * w)) * root  # in this order nothing overflows, nor underflows too early


@triton.jit
def mish_float16(x):
    """`mish_half` for float16 alone, whose least number is 2**-24."""
    c = clamp(x, FLOAT16_LEFT, None)
    e = approximate.exp2(clamp(c, None, F32_LIMITS[1]) * LOG2E)
    n = tl.fma(e, e, e + e)
    return c * (n * approximate.reciprocal(n + 2.0))


@triton.jit
def _half_bracket(c, e):
    """G = 1/d and the bracket of the first derivative."""
    a = e + 1.0
    g = approximate.reciprocal(tl.fma(a, a, constant(a, 1.0)))
    v = tl.fma(c * -2.0, e * g, constant(e, 1.0))
    return g, tl.fma(e, v, tl.fma(c, constant(c, 2.0), constant(c, 2.0)))


@triton.jit
def _half_near_zero(x, row: tl.constexpr, stop: tl.constexpr, radius: tl.constexpr, y):
    """``y``, but next to the zero of this row the polynomial of its entries before ``stop``."""
    d = x - row[0]
    slope = tl.fma(d, horner(d, part_of(row, 4, stop)), constant(x, row[2]))
    return tl.where(tl.abs(d) < radius, tl.fma(d, slope, constant(x, row[1])), y)


@triton.jit
def mish_half_d1(x):
    """The first derivative of such a block; next to its zero, wrong by some 2**-23."""
    c = clamp(x, F32_LIMITS[0], F32_LIMITS[1])
    root = approximate.exp2(c * (LOG2E / 2))
    g, b = _half_bracket(c, root * root)
    return ((root * g) * b) * root


@triton.jit
def mish_float16_d1(x):
    """The same for float16 alone, and exact next to the zero."""
    c = clamp(x, FLOAT16_LEFT, F32_LIMITS[1])
    e = approximate.exp2(c * LOG2E)
    g, b = _half_bracket(c, e)
    # p2 and p3 are enough so close to the zero.
    return _half_near_zero(x, _row(1, 0, True), 6, FLOAT16_RADIUS, (e * g) * b)


@triton.jit
def _half_parts(x):
    """Return x within its range, e, g = 1/d, e·g, and a factor.

    e is held within bounds; the factor is what a derivative of order 2 or 3, which is like e on the
    left and like 1/e² on the right, has to be multiplied by for the rest of x.
    """
    c = clamp(x, F32_LIMITS[0], F32_LIMITS[3])
    held = clamp(c, HALF_HELD[0], HALF_HELD[1])
    rest = c - held
    factor = approximate.exp2(tl.minimum(rest, rest * -2.0) * LOG2E)
    e = approximate.exp2(held * LOG2E)
    a = e + 1.0
    g = approximate.reciprocal(tl.fma(a, a, constant(x, 1.0)))
    return c, e, g, e * g, factor


@triton.jit
def _half_near_zeros(x, order: tl.constexpr, y):
    for i in tl.static_range(order):
        # p2 to p6 are enough.
        y = _half_near_zero(x, _row(order, i, True), 9, RADIUS, y)
    return y


@triton.jit
def mish_half_d2(x):
    """The second derivative of such a block."""
    c, e, g, h, factor = _half_parts(x)
    k = tl.fma(h, constant(x, 4.0), tl.fma(e, constant(x, -2.0), constant(x, 1.0)))
    b = tl.fma(c, k, (e + e) + 2.0)
    return _half_near_zeros(x, 2, (((h * 4.0) * g) * b) * factor)


@triton.jit
def mish_half_d3(x):
    """The third derivative of such a block."""
    c, e, g, h, factor = _half_parts(x)
    k = tl.fma(h, constant(x, 4.0), tl.fma(e, constant(x, -2.0), constant(x, 1.0)))
    m = (e + 1.0) * h
    w = tl.fma(h, constant(x, 2.0), constant(x, 1.0))
    v = tl.fma(m * -12.0, w, tl.fma(e, constant(x, 4.0), constant(x, 1.0)))
    b = tl.fma(c, v, k * 3.0)
    return _half_near_zeros(x, 3, (((h * 4.0) * g) * b) * factor)
