"""Tensors in, tensors out, for the kernels of `packed`; `launch` tells of layouts and streams."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mish.torch._kept import formula
from mish.torch._kept.tables import BORDERS, LEVELS
from mish.torch._triton import again, launch, packed

DTYPES = (torch.float16, torch.bfloat16, torch.float32)

_kept = again.Kept()


def _run(kernel: Any, like: Tensor, tensors: tuple[Tensor, ...], **constants: Any) -> None:
    """Launch over the numbers of ``like``; tensors of its shape are dense and laid out alike."""
    size = like.numel()
    if size == 0:
        return
    block = launch.block_for(like.dtype)
    wide = size > launch.NARROW
    constants |= {"block": block, "wide": wide}
    programs = -(-size // block)
    with torch.cuda.device_of(like):
        if wide:
            kernel[(programs,)](*tensors, size, **constants, **launch.options())
        else:
            key = (kernel, like.dtype, constants.get("bits"), like.get_device())
            _kept.launch(key, kernel, programs, tensors, size, constants, launch.options())


def _is_half(x: Tensor) -> bool:
    return x.dtype.itemsize == 2


def marked(x: Tensor) -> Tensor:
    """A new tensor with marked outputs."""
    y = torch.empty_like(x)
    function = launch.function_for(x.dtype, 0)
    _run(packed.mark, y, (y, launch.laid_out_like(x, y)), function=function)
    return y


def marked_inplace(x: Tensor) -> None:
    """Marked outputs over ``x``."""
    if launch.is_dense(x):
        _run(packed.mark, x, (x, x), function=launch.function_for(x.dtype, 0))
    else:
        x.copy_(marked(x))


def marked_backward(dy: Tensor, y: Tensor) -> Tensor:
    """dy·mish′ from marked outputs."""
    dx = torch.empty_like(y)
    tensors = (dx, launch.laid_out_like(dy, dx), launch.laid_out_like(y, dx))
    _run(packed.marked_backward, dx, tensors, half=_is_half(y))
    return dx


def _new_packed(x: Tensor, bits: int) -> Tensor:
    return x.new_empty(formula.packed_size(x.numel(), bits), dtype=torch.uint8)


def sides(x: Tensor) -> Tensor:
    """Packed sides."""
    result, dense = _new_packed(x, 1), _dense(x)
    _run(packed.sides, dense, (result, dense))
    return result


def codes(x: Tensor, bits: int) -> Tensor:
    """Packed codes."""
    result, dense = _new_packed(x, bits), _dense(x)
    _run(
        packed.codes,
        dense,
        (result, dense),
        function=launch.function_for(x.dtype, 1),
        borders=BORDERS[bits],
        bits=bits,
    )
    return result


def _dense(x: Tensor) -> Tensor:
    return x if launch.is_dense(x) else torch.empty_like(x).copy_(x)


def sided_backward(dy: Tensor, y: Tensor, bytes: Tensor) -> Tensor:
    """dy·mish′ from outputs and their sides."""
    dx = torch.empty_like(y)
    tensors = (dx, launch.laid_out_like(dy, dx), launch.laid_out_like(y, dx), bytes)
    _run(packed.sided_backward, dx, tensors, half=_is_half(y))
    return dx


def coded_backward(dy: Tensor, bytes: Tensor, bits: int) -> Tensor:
    """dy·level."""
    dx = torch.empty_like(dy)
    tensors = (dx, launch.laid_out_like(dy, dx), bytes)
    _run(packed.coded_backward, dx, tensors, levels=LEVELS[bits], bits=bits)
    return dx
