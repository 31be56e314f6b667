"""The slope of Mish from its output, for Triton kernels, each a function of a block.

Both sides of Mish's minimum are one analytic function of s = ±√(y − least), which is a polynomial
in pieces; for outputs near −0 on the left, mish′/y is one of −log(−y). All must be compiled with
``enable_fp_fusion=False``.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton import approximate, inverse_constants
from mish.torch._triton.elementary import clamp, constant, horner, part_of, root

RIGHT_OF = tl.constexpr(inverse_constants.RIGHT_OF)
_LEAST = tl.constexpr(inverse_constants.LEAST)
_FLOOR = tl.constexpr(inverse_constants.FLOOR)
_LEFT = tl.constexpr(inverse_constants.LEFT)
_LEAST_NORMAL = tl.constexpr(2.0**-126)
_MINUS_LN2 = tl.constexpr(-0.6931471805599453)


@triton.constexpr_function
def _ends(half):
    """Where the pieces end, in s."""
    return inverse_constants.HALF_ENDS if half else inverse_constants.F32_ENDS


@triton.constexpr_function
def _entry(half, piece, k):
    """What a piece has: its centre, and then its coefficients."""
    pieces = inverse_constants.HALF_PIECES if half else inverse_constants.F32_PIECES
    return pieces[piece][k]


@triton.constexpr_function
def _degree(half):
    pieces = inverse_constants.HALF_PIECES if half else inverse_constants.F32_PIECES
    return len(pieces[0]) - 2


@triton.constexpr_function
def _left(half):
    """The same of the polynomial in t."""
    return inverse_constants.HALF_LEFT if half else inverse_constants.F32_LEFT


@triton.constexpr_function
def _count(values):
    return len(values)


@triton.jit
def _chosen(s, half: tl.constexpr, k: tl.constexpr):
    """The entry ``k`` of the piece that ``s`` lies in."""
    ends: tl.constexpr = _ends(half)
    last: tl.constexpr = _count(ends) - 1
    value = constant(s, _entry(half, last, k))
    for i in tl.static_range(last):
        value = tl.where(s < ends[last - 1 - i], _entry(half, last - 1 - i, k), value)
    return value


@triton.jit
def slope(y, left, half: tl.constexpr):
    """mish′(x) from a block of outputs in float32, and where x lies on the left of the minimum.

    With ``half`` right to 2**-14, which is enough for 16-bit formats, else to 2e-7; next to the
    minimum as far as the output tells.
    """
    ends: tl.constexpr = _ends(half)
    most: tl.constexpr = ends[_count(ends) - 1]
    z = clamp((y - _LEAST[0]) - _LEAST[1], _FLOOR, None)
    s = clamp(root(z), None, most)
    s = tl.where(left, -s, s)
    d = s - _chosen(s, half, 0)
    degree: tl.constexpr = _degree(half)
    found = _chosen(s, half, degree + 1)
    for k in tl.static_range(degree):
        found = tl.fma(found, d, _chosen(s, half, degree - k))
    # On the left, −y is at most 0.19 here.
    v = clamp(-y, _LEAST_NORMAL, None)
    log = approximate.log2(v) * _MINUS_LN2
    t = (log - 2.0) * approximate.reciprocal(log + 2.0)
    row: tl.constexpr = _left(half)
    coefficients: tl.constexpr = part_of(row, 1, None)
    tail = y * horner(t - row[0], coefficients)
    return tl.where(s < _LEFT, tail, found)
