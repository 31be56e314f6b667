"""Mish whose output tells where it came from, as operations of PyTorch: for any device.

Mish falls to its least value at X0 and rises from there. So an output y and its *side*, left or
right of X0, tell the input. The side is asked only where y is negative, and *marked* outputs have
it in their last bit: even on the left, odd on the right. Of the two neighbours of the exact value
the one that has that bit is taken, so a marked output is less than 1 ulp from it, where the dtype
has 16 bits; in wider ones up to 1 ulp further than `mish.formula` is. An output that underflows
lies on the left and is −0; that of −0 is +0.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mish import formula
from mish.torch._kept.tables import BORDERS, LEVELS

X0 = -1.1924312145154952
# The least value, in two parts for float64 and for float32.
_LEAST = {
    torch.float64: (-0.30884341301725043, 2.7753772146779074e-17),
    torch.float32: (-0.30884340405464172, -8.962608682995948e-09),
}
# x = X0 + s·(c1 + s·(c2 + …)) with s = ±√(y − least), the sign being the side: the Taylor series of
# s², divided by s, inverted.
_SERIES = (
    2.737169751980141,
    -1.9153133936666222,
    2.545716599890605,
    -3.270867548811557,
    4.70503230445804,
    -6.9797363451619585,
    10.704969594301705,
    -16.765564651694902,
    26.698410645072233,
    -43.07206492707911,
    70.221602315209,
    -115.48211969182115,
)
# Up to here the series is as right as the dtype; farther off Newton's method is, in these steps.
_NEAR = {torch.float64: 0.02, torch.float32: 0.1}
_STEPS = 10

_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
_xp: Any = torch


def _bits(x: Tensor) -> Tensor:
    return x.view(_INTEGERS[x.dtype.itemsize])


def _wide(x: Tensor) -> Tensor:
    if not x.is_floating_point():
        raise NotImplementedError(
            f"mish is not implemented for x of dtype {x.dtype}; convert x to a floating-point dtype"
        )
    return x.to(torch.float32) if x.dtype.itemsize < 4 else x


def marked(x: Tensor) -> Tensor:
    """Mish of ``x`` with the side in the last bit."""
    wide = _wide(x)
    exact = formula.mish(wide, _xp)
    y = exact.to(x.dtype)
    bits = _bits(y)
    bits = torch.where(y.to(wide.dtype).abs() > exact.abs(), bits - 1, bits)  # towards zero
    right = wide >= X0
    bits = torch.where(((bits & 1) == 1) == right, bits, bits ^ 1 if wide is x else bits + 1)
    return torch.where(wide < 0, bits.view(x.dtype), torch.where(wide == 0, 0.0, y))


def is_left(y: Tensor) -> Tensor:
    """Where a marked output comes from the left; −0 does."""
    bits = _bits(y)
    return (bits < 0) & ((bits & 1) == 0)


def left_of_minimum(x: Tensor) -> Tensor:
    """Where ``x`` lies on the left."""
    return _wide(x) < X0


def inverse(y: Tensor, left: Tensor) -> Tensor:
    """The x of which ``y`` is Mish, on its known side."""
    wide = _wide(y)
    dtype = wide.dtype
    high, low = _LEAST[dtype]
    # Next to the minimum an output stands for many inputs; this is no farther from it than most.
    least = torch.finfo(dtype).eps / 64
    s = ((wide - high) - low).clamp(min=least).sqrt()
    side = torch.where(left, -s, s)
    near = torch.full_like(side, _SERIES[-1])
    for c in reversed(_SERIES[:-1]):
        near = near * side + c
    near = X0 + near * side
    log = wide.abs().clamp(torch.finfo(dtype).tiny, 0.3).log()
    far = torch.where(left, log - (-log).log(), torch.where(wide < 1, wide / 0.6, wide))
    x = torch.where(s < 0.3, near, far)
    for _ in range(_STEPS):
        f, slope = formula.mish(x, _xp), formula.derivative(x, 1, _xp)
        step = torch.where(left, (f / wide).log() * f, f - wide) / slope
        x = x - step.where(step.isfinite(), 0.0)
    x = torch.where(s < _NEAR[dtype], near, x)
    x = torch.where(left & (y == 0), -torch.inf, x)
    return torch.where(wide < torch.inf, x, wide).to(y.dtype)


def slope(y: Tensor, left: Tensor) -> Tensor:
    """mish′ at the x of which ``y`` is Mish, in wide arithmetic."""
    wide = _wide(y)
    found: Tensor = formula.derivative(inverse(wide, left), 1, _xp)
    return found


def _times(dy: Tensor, slope: Tensor, dtype: torch.dtype) -> Tensor:
    return (dy.to(slope.dtype) * slope).to(dtype)


def marked_backward(dy: Tensor, y: Tensor) -> Tensor:
    """dy·mish′ from a marked output; rounded once."""
    return _times(dy, slope(y, is_left(y)), y.dtype)


def sided_backward(dy: Tensor, y: Tensor, sides: Tensor) -> Tensor:
    """dy·mish′ from an output and packed sides; rounded once."""
    return _times(dy, slope(y, unpacked_like(sides, 1, y) == 1), y.dtype)


def coded_backward(dy: Tensor, codes: Tensor, bits: int) -> Tensor:
    """dy·level of the code; rounded once."""
    dx = torch.empty_like(dy)
    wide = _wide(dy).dtype
    levels = torch.tensor(LEVELS[bits], dtype=wide, device=dy.device)
    return dx.copy_(_times(dy, levels[unpacked_like(codes, bits, dx).long()], dy.dtype))


def sides(x: Tensor) -> Tensor:
    """Packed: 1 on the left."""
    return _packed(left_of_minimum(x).to(torch.uint8), 1)


def codes(x: Tensor, bits: int) -> Tensor:
    """Packed codes of mish′: how many borders it is not below."""
    slope = formula.derivative(_wide(x), 1, _xp)
    borders = torch.tensor(BORDERS[bits], dtype=slope.dtype, device=x.device)
    return _packed(torch.bucketize(slope, borders, right=True).to(torch.uint8), bits)


def packed_size(numel: int, bits: int) -> int:
    """Bytes of packed codes."""
    return -(-numel // 8) * bits


def _flat(x: Tensor) -> Tensor:
    """The numbers in the order of memory, for a dense tensor."""
    return x.as_strided((x.numel(),), (1,), x.storage_offset())


def _packed(codes: Tensor, bits: int) -> Tensor:
    """Eight codes at a time, in the order of memory of ``empty_like``, as one byte for each bit."""
    flat = _flat(torch.empty_like(codes).copy_(codes))
    eights = torch.nn.functional.pad(flat, (0, -flat.numel() % 8)).view(-1, 1, 8)
    planes = eights >> _places(bits, codes).view(1, -1, 1) & 1
    shifted = planes << _places(8, codes)
    return shifted.sum(-1, dtype=torch.uint8).flatten()


def unpacked_like(packed: Tensor, bits: int, x: Tensor) -> Tensor:
    """The codes, laid out as a dense ``x`` is."""
    planes = packed.view(-1, bits, 1) >> _places(8, packed) & 1
    shifted = planes << _places(bits, packed).view(1, -1, 1)
    flat = shifted.sum(1, dtype=torch.uint8).flatten()[: x.numel()]
    return flat.as_strided(x.shape, x.stride())


def _places(count: int, x: Tensor) -> Tensor:
    """0, 1, … in uint8, so that nothing takes more memory than it must."""
    return torch.arange(count, dtype=torch.uint8, device=x.device)
