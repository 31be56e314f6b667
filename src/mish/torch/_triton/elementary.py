"""What `math` is made of: exponential, reciprocal, and numbers in two parts.

A number in two parts is head + tail, the tail within half an ulp of the head; together they carry
about twice the format's precision. But for the reciprocal, every operation is one that IEEE 754
defines to the last bit. Kernels must be launched with ``enable_fp_fusion=False``.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton import approximate, constants

_F32 = tl.constexpr((constants.F32_LOG2E, constants.F32_LN2, constants.F32_LN2_LOW))
_F64 = tl.constexpr((constants.F64_LOG2E, constants.F64_LN2, constants.F64_LN2_LOW))
_F32_EXP = tl.constexpr(constants.F32_EXP)
_F64_EXP = tl.constexpr(constants.F64_EXP)

# x + this is x rounded to an integer; the low bits of the sum are that integer and the exponent's
# bias, so that a shift makes a power of two of them.
_F32_INTEGER = tl.constexpr(1.5 * 2**23 + 127)
_F64_INTEGER = tl.constexpr(1.5 * 2**52 + 1023)


@triton.constexpr_function
def _last(coefficients):
    return len(coefficients) - 1


@triton.constexpr_function
def part_of(row, start, stop):
    """The entries of a tuple from ``start`` up to ``stop``, or to the end if that is None."""
    return row[start:stop]


@triton.jit
def constant(x, value: tl.constexpr):
    """A block like ``x``, of its very dtype."""
    return tl.full(x.shape, value, x.dtype)


@triton.jit
def bits(x):
    """The representation as signed integers."""
    if x.dtype == tl.float32:
        return x.to(tl.int32, bitcast=True)
    else:
        return x.to(tl.int64, bitcast=True)


@triton.jit
def horner(x, coefficients: tl.constexpr):
    """The polynomial with these coefficients, constant term first."""
    last: tl.constexpr = _last(coefficients)
    y = constant(x, coefficients[last])
    for i in tl.static_range(1, last + 1):
        y = tl.fma(y, x, constant(x, coefficients[last - i]))
    return y


@triton.jit
def clamp(x, low: tl.constexpr, high: tl.constexpr):
    """``x`` within bounds, either of which may be None; NaN stays NaN."""
    if x.dtype == tl.float32:
        if low is not None:
            x = tl.maximum(x, constant(x, low), propagate_nan=tl.PropagateNan.ALL)
        if high is not None:
            x = tl.minimum(x, constant(x, high), propagate_nan=tl.PropagateNan.ALL)
    else:  # for which GPUs have no instructions
        if low is not None:
            x = tl.where(x < constant(x, low), constant(x, low), x)
        if high is not None:
            x = tl.where(x > constant(x, high), constant(x, high), x)
    return x


@triton.jit
def power_of_two(shifted):
    """2**k for the integer k in a sum k + _INTEGER; 2**k must be a normal number."""
    if shifted.dtype == tl.float32:
        return (bits(shifted) << 23).to(tl.float32, bitcast=True)
    else:
        return (bits(shifted) << 52).to(tl.float64, bitcast=True)


@triton.jit
def _exp_reduced(x, power: tl.constexpr):
    """Return k + power + _INTEGER, r and t: exp(x) = 2**k·(1 + r + t), k an integer next to x/ln 2.

    r is exact: near 0, k is 0; elsewhere it is a multiple of ulp(ln 2) below 1/2. t is less than
    a quarter of it, and right to 2**-27 (float32) or 2**-56.
    """
    if x.dtype == tl.float32:
        integer: tl.constexpr = _F32_INTEGER + power
        ln2: tl.constexpr = _F32
        polynomial: tl.constexpr = _F32_EXP
    else:
        integer: tl.constexpr = _F64_INTEGER + power
        ln2: tl.constexpr = _F64
        polynomial: tl.constexpr = _F64_EXP
    shifted = tl.fma(x, constant(x, ln2[0]), constant(x, integer))
    k = shifted - constant(x, integer)
    r = tl.fma(k, constant(x, -ln2[1]), x)
    low = k * -ln2[2]
    whole = r + low
    return shifted, r, tl.fma(whole * whole, horner(whole, polynomial), low)


@triton.jit
def _times_one_and(scale, r, t):
    """scale·(1 + r + t) in two parts, for a power of two."""
    head = tl.fma(scale, r + t, scale)
    return head, tl.fma(scale, t, tl.fma(scale, r, scale - head))


@triton.jit
def exp_scaled(x, power: tl.constexpr):
    """exp(x)·2**power in two parts, where that is a normal number."""
    shifted, r, t = _exp_reduced(x, power)
    return _times_one_and(power_of_two(shifted), r, t)


@triton.jit
def exp_held(x, least: tl.constexpr, most: tl.constexpr):
    """exp(x) = (head + tail)·2**excess.

    Args:
        x: from −120 to 88 (float32), from −800 to 709 (float64).
        least: head is not below 2**least; excess is then negative.
        most: head is not above 2**(most + 1); excess is then positive.

    Returns:
        head, tail, excess.
    """
    integer: tl.constexpr = _F32_INTEGER if x.dtype == tl.float32 else _F64_INTEGER
    shifted, r, t = _exp_reduced(x, 0)
    held = clamp(shifted, integer + least, integer + most)
    head, tail = _times_one_and(power_of_two(held), r, t)
    return head, tail, shifted - held


@triton.jit
def scaled(y, excess):
    """y·2**excess, where that power is a normal number."""
    if y.dtype == tl.float32:
        return y * power_of_two(excess + _F32_INTEGER)
    else:
        return y * power_of_two(excess + constant(y, _F64_INTEGER))


@triton.jit
def rough_reciprocal(x):
    """1/x for normal x, relative error below 2**-22 (float32) or 2**-38 (float64).

    For those who take what is left over into account, which squares that error. So the bits of
    their results hardly depend on those of the device's instruction.
    """
    y = approximate.reciprocal(x)
    if x.dtype == tl.float32:
        return y
    else:
        return tl.fma(y, tl.fma(-x, y, constant(x, 1.0)), y)


@triton.jit
def root(x):
    """√x of float32 to the nearest, as Triton's own is; but 3.5.1's flushes subnormal numbers."""
    return tl.inline_asm_elementwise(
        "sqrt.rn.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1
    )


@triton.jit
def two_sum(a, b):
    """The sum a + b in two parts, exactly (Knuth)."""
    s = a + b
    b_part = s - a
    return s, (a - (s - b_part)) + (b - b_part)


@triton.jit
def plus_small(a, a_tail, value: tl.constexpr):
    """(a + a_tail) + value in two parts, for a ≥ 0 and a value of 1 or 2.

    As long as a < 2**24 (float32), head − value has no more digits than head, so it is exact.
    Beyond, the tail is wrong by at most 2.
    """
    head = a + value
    return head, (a - (head - value)) + a_tail


@triton.jit
def plus(a, a_tail, value: tl.constexpr):
    """(a + a_tail) + value in two parts."""
    head, tail = two_sum(a, constant(a, value))
    return head, tail + a_tail


@triton.jit
def times_constant(a, a_tail, value: tl.constexpr):
    """(a + a_tail)·value in two parts."""
    v = constant(a, value)
    head = a * v
    return head, tl.fma(a_tail, v, tl.fma(a, v, -head))


@triton.jit
def times_exact(a, a_tail, x):
    """(a + a_tail)·x in two parts."""
    head = a * x
    return head, tl.fma(a_tail, x, tl.fma(a, x, -head))


@triton.jit
def times(a, a_tail, b, b_tail):
    """The product of two numbers in two parts, in two parts but for the last normalisation."""
    head = a * b
    return head, tl.fma(a_tail, b, tl.fma(a, b_tail, tl.fma(a, b, -head)))
