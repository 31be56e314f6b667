"""Operators for training that keeps something smaller than the input of Mish.

| operator | what it gives |
|---|---|
| ``mish::marked(x)``, ``mish::marked_(x)`` | Mish with the side of x in its last bit |
| ``mish::marked_backward(dy, y)`` | dy·mish′(x) from that |
| ``mish::marked_inverse(y)`` | x from that |
| ``mish::sided(x)``, ``mish::sides(x)`` | Mish, and the sides of x packed in bytes |
| ``mish::sided_backward(dy, y, sides)``, ``mish::sided_inverse(y, sides)`` | as above |
| ``mish::coded(x, bits)``, ``mish::codes(x, bits)`` | Mish, and mish′(x) in 1 to 4 bits, packed |
| ``mish::coded_backward(dy, codes, bits)`` | dy·mish′(x), roughly |

`_kept_formula` says what a side is. Sides and codes are packed in the order of memory that the
output has; y, or dy where there is no y, must have it too. On the CPU native code runs, on CUDA
devices what `_kept_cuda` registers, on others the operations of `_kept_formula`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mish.torch._kept import formula
from mish.torch._ops import LIBRARY, OPERATORS, inherit_from_mish

CODE_BITS = (1, 2, 3, 4)


def require_bits(bits: int) -> None:
    """Raise ValueError unless there are codes of so many bits."""
    if bits not in CODE_BITS:
        raise ValueError(f"bits must be 1, 2, 3 or 4, not {bits}")


def _marked_inplace(x: Tensor) -> None:
    x.copy_(formula.marked(x))


def _marked_inverse(y: Tensor) -> Tensor:
    return formula.inverse(y, formula.is_left(y))


def _sided_inverse(y: Tensor, sides: Tensor) -> Tensor:
    return formula.inverse(y, formula.unpacked_like(sides, 1, y) == 1)


def _mish(x: Tensor) -> Tensor:
    y: Tensor = OPERATORS.mish.default(x)
    return y


def _coded(x: Tensor, bits: int) -> Tensor:
    require_bits(bits)
    return _mish(x)


def _codes(x: Tensor, bits: int) -> Tensor:
    require_bits(bits)
    return formula.codes(x, bits)


def _like(x: Tensor, *_: object) -> Tensor:
    return torch.empty_like(x)


def require_same_shape(dy: Tensor, y: Tensor) -> None:
    """Raise ValueError unless they are alike."""
    if dy.shape != y.shape:
        raise ValueError(f"dy must have the shape of y, {tuple(y.shape)}, not {tuple(dy.shape)}")


def _like_second(dy: Tensor, y: Tensor, *_: object) -> Tensor:
    require_same_shape(dy, y)
    return torch.empty_like(y)


def _coded_like(x: Tensor, bits: int) -> Tensor:
    require_bits(bits)
    return torch.empty_like(x)


def _packed_like(x: Tensor, bits: int = 1) -> Tensor:
    require_bits(bits)
    return x.new_empty((formula.packed_size(x.numel(), bits),), dtype=torch.uint8)


_KERNELS: dict[str, tuple[str, Callable[..., Any], Callable[..., Any]]] = {
    "marked": ("(Tensor x) -> Tensor", formula.marked, _like),
    "marked_": ("(Tensor(a!) x) -> ()", _marked_inplace, lambda x: None),
    "marked_backward": ("(Tensor dy, Tensor y) -> Tensor", formula.marked_backward, _like_second),
    "marked_inverse": ("(Tensor y) -> Tensor", _marked_inverse, _like),
    "sided": ("(Tensor x) -> Tensor", _mish, _like),
    "sides": ("(Tensor x) -> Tensor", formula.sides, _packed_like),
    "sided_backward": (
        "(Tensor dy, Tensor y, Tensor sides) -> Tensor",
        formula.sided_backward,
        _like_second,
    ),
    "sided_inverse": ("(Tensor y, Tensor sides) -> Tensor", _sided_inverse, _like),
    "coded": ("(Tensor x, int bits) -> Tensor", _coded, _coded_like),
    "codes": ("(Tensor x, int bits) -> Tensor", _codes, _packed_like),
    "coded_backward": (
        "(Tensor dy, Tensor codes, int bits) -> Tensor",
        formula.coded_backward,
        _like,
    ),
}


def _register() -> None:
    for name, (signature, kernel, meta) in _KERNELS.items():
        LIBRARY.define(name + signature, tags=torch.Tag.pt2_compliant_tag)
        LIBRARY.impl(name, kernel, "CompositeExplicitAutograd")
        LIBRARY.impl(name, meta, "Meta")
    inherit_from_mish("marked", "marked_")


_register()
