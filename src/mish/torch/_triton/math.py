"""Mish and its derivatives for Triton kernels, each a function of a block.

``mish``, ``mish_d1``, ``mish_d2`` and ``mish_d3`` take float32 or float64 and return the same, in
float32 less than 1 ulp from the exact value. ``mish_half``, ``mish_half_d1``, … are for 16-bit
formats: they take float32 and return float32, right to some 20 bits, in little more than half the
instructions. Load float16 or bfloat16, convert to float32, call those, and round once at the end.
``mish_float16`` and ``mish_float16_d1`` save five more where the format is float16.

All must be compiled with ``enable_fp_fusion=False``, and give the same bits on every device.

With e = exp(x), d = e² + 2e + 2, g = 1/d::

    mish   = x·n·g,  n = e² + 2e
    mish′  = e·g·(e + 2 + 4x·(e + 1)·g)
    mish″  = 4e·g²·(2(e + 1) + x·K),  K = 1 − 2e + 4e·g
    mish‴  = 4e·g²·(3K + x·(1 + 4e − 12M·(1 + 2e·g))),  M = e·(e + 1)·g

Each comes from the one before by d′ = 2e(e + 1), g′ = −g²·d′ and (e + 1)²·g = 1 − g. Where e is
tiny or huge only its leading power counts, so e = E·2**excess with E held within bounds, and the
result is the one for E times that power of 2**excess: no product underflows or overflows on the
way. Brackets that cancel are computed in two parts; around their zeros, where no precision of e
would suffice, a polynomial in the distance takes over.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton import constants
from mish.torch._triton.elementary import (
    bits,
    clamp,
    constant,
    exp_parts,
    exp_short,
    horner,
    part_of,
    plus,
    plus_small,
    reciprocal,
    rough_reciprocal,
    scaled,
    short_reciprocal,
    times,
    times_constant,
    times_exact,
    two_sum,
)

RADIUS = tl.constexpr(constants.RADIUS)
# Left of the first number derivatives have reached their limits, right of the second those of order
# 2 and 3, right of the third Mish and its first derivative; the bounds of E as powers of two.
F32_RANGE = tl.constexpr((-120.0, 60.0, 20.0, -64, 32))
F64_RANGE = tl.constexpr((-800.0, 400.0, 40.0, -512, 128))
FLOAT16_LEFT = tl.constexpr(-40.0)


@triton.constexpr_function
def _row(order, number, is_float32):
    """What is known of a derivative next to a zero: c, f0, p1, what p1 lacks, p2, p3 and so on."""
    name = f"{'F32' if is_float32 else 'F64'}_D{order}_ZERO{number}"
    return getattr(constants, name)


@triton.jit
def mish(x):
    """Mish of a block of float32 or float64; keeps the sign of zero."""
    if x.dtype == tl.float32:
        limits: tl.constexpr = F32_RANGE
    else:
        limits: tl.constexpr = F64_RANGE
    c = clamp(x, limits[0], None)
    e, e_tail, excess = exp_parts(c, limits[3], None)
    n = tl.fma(e, e, e + e)
    n_tail = tl.fma(e_tail, (e + e) + 2.0, tl.fma(e, e, (e + e) - n))
    d, d_tail = plus_small(n, n_tail, 2.0)
    # Not the rough one: where x is about the least normal number, c·g·rest has few bits left.
    g = reciprocal(d)
    q = n * g
    rest = tl.fma(-q, d_tail, tl.fma(-q, d, n) + n_tail)
    y = scaled(tl.fma(c, q, c * (g * rest)), excess)
    y = tl.where(x > limits[2], x, y)
    # n·g is positive; but −0 times the parts of it may sum up to +0.
    if x.dtype == tl.float32:
        return (bits(y) | (bits(x) & -0x80000000)).to(x.dtype, bitcast=True)
    else:
        return (bits(y) | (bits(x) & -0x8000000000000000)).to(x.dtype, bitcast=True)


@triton.jit
def _parts(x, order: tl.constexpr):
    """What the derivatives have in common.

    Returns:
        x within its range, e, g = 1/d and e·g, each in two parts, and the excess of e.
    """
    if x.dtype == tl.float32:
        limits: tl.constexpr = F32_RANGE
    else:
        limits: tl.constexpr = F64_RANGE
    if order == 1:  # on the right the limit is 1, whatever e
        c = clamp(x, limits[0], limits[2])
        e, e_tail, excess = exp_parts(c, limits[3], None)
        s, s_tail = plus_small(e, e_tail, 2.0)
    else:
        c = clamp(x, limits[0], limits[1])
        e, e_tail, excess = exp_parts(c, limits[3], limits[4])
        s, s_tail = plus(e, e_tail, 2.0)
    n, n_tail = times(e, e_tail, s, s_tail)
    d, d_tail = plus(n, n_tail, 2.0)
    g = rough_reciprocal(d)
    g_tail = g * tl.fma(-g, d_tail, tl.fma(-g, d, constant(x, 1.0)))
    h, h_tail = times(e, e_tail, g, g_tail)
    return c, e, e_tail, g, g_tail, h, h_tail, excess


@triton.jit
def _near_zero(x, row: tl.constexpr, y):
    """``y``, but next to the zero of this row the polynomial there."""
    f0 = constant(x, row[1])
    p1 = constant(x, row[2])
    p1_low = constant(x, row[3])
    if row[0] < -2 * RADIUS or row[0] > 2 * RADIUS:  # x and c are close, so x − c is exact
        d = x - row[0]
        u = d * p1
        low = tl.fma(d, p1, -u) + f0
    else:
        d, d_tail = two_sum(x, constant(x, -row[0]))
        u = d * p1
        low = tl.fma(d_tail, p1, tl.fma(d, p1, -u) + f0)
    q = horner(d, part_of(row, 4, None))
    near = u + tl.fma(d, tl.fma(d, q, p1_low), low)
    return tl.where(tl.abs(d) < RADIUS, near, y)


@triton.jit
def _near_zeros(x, order: tl.constexpr, y):
    for i in tl.static_range(order):
        y = _near_zero(x, _row(order, i, x.dtype == tl.float32), y)
    return y


@triton.jit
def mish_d1(x):
    """The first derivative of a block of float32 or float64."""
    c, e, e_tail, g, g_tail, h, h_tail, excess = _parts(x, 1)
    s, s_tail = plus_small(e, e_tail, 2.0)
    a, a_tail = plus_small(e, e_tail, 1.0)
    m, m_tail = times(a, a_tail, g, g_tail)
    c4 = c * 4.0
    xm, xm_tail = times_exact(m, m_tail, c4)
    b, b_tail = two_sum(s, xm)
    b_tail = b_tail + (s_tail + xm_tail)
    y = tl.fma(h, b, tl.fma(h, b_tail, h_tail * b))
    return _near_zeros(x, 1, scaled(y, excess))


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
    c, e, e_tail, g, g_tail, h, h_tail, excess = _parts(x, 2)
    k, k_tail = _k(e, e_tail, h, h_tail)
    xk, xk_tail = times_exact(k, k_tail, c)
    a, a_tail = plus(e, e_tail, 1.0)
    b, b_tail = two_sum(a * 2.0, xk)
    b_tail = b_tail + tl.fma(a_tail, constant(x, 2.0), xk_tail)
    y = _tapered(h, h_tail, g, g_tail, b, b_tail, excess)
    return _near_zeros(x, 2, y)


@triton.jit
def mish_d3(x):
    """The third derivative of a block of float32 or float64."""
    c, e, e_tail, g, g_tail, h, h_tail, excess = _parts(x, 3)
    k, k_tail = _k(e, e_tail, h, h_tail)
    a, a_tail = plus(e, e_tail, 1.0)
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
    c = clamp(x, F32_RANGE[0], None)
    e, excess = exp_short(clamp(c, None, F32_RANGE[2]), F32_RANGE[3], None)
    n = tl.fma(e, e, e + e)
    return scaled(c * (n * short_reciprocal(n + 2.0)), excess)


@triton.jit
def mish_float16(x):
    """`mish_half` for float16 alone, whose least number is 2**-24: e needs no excess."""
    c = clamp(x, FLOAT16_LEFT, None)
    e, _ = exp_short(clamp(c, None, F32_RANGE[2]), None, None)
    n = tl.fma(e, e, e + e)
    return c * (n * short_reciprocal(n + 2.0))


@triton.jit
def _half_first(c, e):
    """The first derivative from x and e."""
    g = short_reciprocal(tl.fma(e, e, e + e) + 2.0)
    return (e * g) * tl.fma(c * 4.0, (e + 1.0) * g, e + 2.0)


@triton.jit
def _half_parts(x):
    """Return x within its range, e, g = 1/d, e·g, and the excess of e."""
    c = clamp(x, F32_RANGE[0], F32_RANGE[1])
    e, excess = exp_short(c, F32_RANGE[3], F32_RANGE[4])
    g = short_reciprocal(tl.fma(e, e, e + e) + 2.0)
    return c, e, g, e * g, excess


@triton.jit
def _half_near_zero(x, row: tl.constexpr, y):
    """``y``, but next to the zero of this row the polynomial there."""
    d = x - row[0]
    # p2 to p6 are enough.
    slope = tl.fma(d, horner(d, part_of(row, 4, 9)), constant(x, row[2]))
    return tl.where(tl.abs(d) < RADIUS, tl.fma(d, slope, constant(x, row[1])), y)


@triton.jit
def _half_near_zeros(x, order: tl.constexpr, y):
    for i in tl.static_range(order):
        y = _half_near_zero(x, _row(order, i, True), y)
    return y


@triton.jit
def mish_half_d1(x):
    """The first derivative of such a block."""
    c = clamp(x, F32_RANGE[0], F32_RANGE[2])
    e, excess = exp_short(c, F32_RANGE[3], None)
    return _half_near_zeros(x, 1, scaled(_half_first(c, e), excess))


@triton.jit
def mish_float16_d1(x):
    """`mish_half_d1` for float16 alone."""
    c = clamp(x, FLOAT16_LEFT, F32_RANGE[2])
    e, _ = exp_short(c, None, None)
    return _half_near_zeros(x, 1, _half_first(c, e))


@triton.jit
def mish_half_d2(x):
    """The second derivative of such a block."""
    c, e, g, h, excess = _half_parts(x)
    k = tl.fma(h, constant(x, 4.0), tl.fma(e, constant(x, -2.0), constant(x, 1.0)))
    b = tl.fma(c, k, (e + e) + 2.0)
    y = scaled((h * 4.0) * g * b, tl.minimum(excess, excess * -2.0))
    return _half_near_zeros(x, 2, y)


@triton.jit
def mish_half_d3(x):
    """The third derivative of such a block."""
    c, e, g, h, excess = _half_parts(x)
    k = tl.fma(h, constant(x, 4.0), tl.fma(e, constant(x, -2.0), constant(x, 1.0)))
    m = (e + 1.0) * h
    w = tl.fma(h, constant(x, 2.0), constant(x, 1.0))
    v = tl.fma(m * -12.0, w, tl.fma(e, constant(x, 4.0), constant(x, 1.0)))
    b = tl.fma(c, v, k * 3.0)
    y = scaled((h * 4.0) * g * b, tl.minimum(excess, excess * -2.0))
    return _half_near_zeros(x, 3, y)
