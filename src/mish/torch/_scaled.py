"""Mish of a scale k, mish(kx)/k = x·tanh(softplus(kx)), as KataGo's networks have with k = 8."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mish.torch._functions import mish

_STRAIGHT = 20.0  # right of it Mish is its argument, in float64 too
_FLAT = -800.0  # left of it Mish is -0


def is_exact(scale: float) -> bool:
    """Whether the product with a scale is exact, or overflows, in any format."""
    return scale >= 1 and math.frexp(scale)[0] == 0.5


def scaled(function: Callable[[Tensor], Tensor], x: Tensor, scale: float) -> Tensor:
    """Mish of a scale by a function that is Mish.

    The product with a scale above 1 may overflow where the result does not. So right of 20, where
    Mish is its argument, it is ``x`` itself; and the function, which in PyTorch gives NaN at -inf,
    sees nothing left of where Mish is -0. In 16 bits it is computed in float32, unless the product
    is exact there.
    """
    wide = x.to(torch.float32) if x.dtype.itemsize < 4 and not is_exact(scale) else x
    inner = wide * scale
    if scale > 1:
        bounded = function(inner.clamp(_FLAT, _STRAIGHT)) / scale
        y = torch.where(inner > _STRAIGHT, wide, bounded)
    else:
        y = function(inner) / scale
    return y.to(x.dtype)


def scaled_mish(x: Tensor, scale: float, inplace: bool = False) -> Tensor:
    """Mish of a scale by `torch.nn.functional.mish`, in graphs; over ``x`` if so."""
    y = scaled(F.mish, x, scale)
    return x.copy_(y) if inplace else y


class ScaledMish(nn.Module):
    """What `convert` makes of a module that is Mish of a scale: ours, on k·x, divided by k.

    It is no `torch.nn.Mish`, which it is only for the scale 1.

    Args:
        scale: k, positive.
        inplace: write the result into the input and return the input.

    Shape:
        Input of any shape; output of the same shape.
    """

    def __init__(self, scale: float, inplace: bool = False) -> None:
        super().__init__()
        self.scale = scale
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The scale, and whether it works in place."""
        return f"scale={self.scale:.7g}{', inplace=True' if self.inplace else ''}"

    def forward(self, input: Tensor) -> Tensor:
        """Mish of the scale."""
        y = scaled(mish, input, self.scale)
        return input.copy_(y) if self.inplace else y
