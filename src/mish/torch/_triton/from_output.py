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
_F32 = tl.constexpr(
    (inverse_constants.F32_ENDS, inverse_constants.F32_PIECES, inverse_constants.F32_LEFT)
)
_HALF = tl.constexpr(
    (inverse_constants.HALF_ENDS, inverse_constants.HALF_PIECES, inverse_constants.HALF_LEFT)
)
_LEAST_NORMAL = tl.constexpr(2.0**-126)
_MINUS_LN2 = tl.constexpr(-0.6931471805599453)


@triton.constexpr_function
def _count(values):
    return len(values)


@triton.constexpr_function
def _entry(values, i, j):
    return values[i][j]


@triton.jit
def _chosen(s, ends: tl.constexpr, pieces: tl.constexpr, k: tl.constexpr):
    """The entry ``k`` of the piece that ``s`` lies in."""
    last: tl.constexpr = _count(pieces) - 1
    value = constant(s, _entry(pieces, last, k))
    for i in tl.static_range(last):
        j: tl.constexpr = last - 1 - i
        value = tl.where(s < ends[j], _entry(pieces, j, k), value)
    return value


@triton.jit
def slope(y, left, half: tl.constexpr):
    """mish′(x) from a block of outputs in float32, and where x lies on the left of the minimum.

    With ``half`` right to 2**-14, which is enough for 16-bit formats, else to 2e-7; next to the
    minimum as far as the output tells.
    """
    table: tl.constexpr = _HALF if half else _F32
    ends: tl.constexpr = table[0]
    pieces: tl.constexpr = table[1]
    row: tl.constexpr = table[2]
    last: tl.constexpr = _count(ends) - 1
    least: tl.constexpr = ends[last]
    z = clamp((y - _LEAST[0]) - _LEAST[1], _FLOOR, None)
    s = clamp(root(z), None, least)
    s = tl.where(left, -s, s)
    d = s - _chosen(s, ends, pieces, 0)
    degree: tl.constexpr = _count(pieces[0]) - 1
    found = _chosen(s, ends, pieces, degree)
    for k in tl.static_range(1, degree):
        found = tl.fma(found, d, _chosen(s, ends, pieces, degree - k))
    # On the left, −y is at most 0.19 here.
    v = clamp(-y, _LEAST_NORMAL, None)
    log = approximate.log2(v) * _MINUS_LN2
    t = (log - 2.0) * approximate.reciprocal(log + 2.0)
    stop: tl.constexpr = _count(row)
    tail = y * horner(t - row[0], part_of(row, 1, stop))
    return tl.where(s < _LEFT, tail, found)
