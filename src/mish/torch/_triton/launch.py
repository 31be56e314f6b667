"""Tensors in, tensors out: which kernel runs on how many programs.

Results have the strides of the input where it is dense (in whatever order of dimensions), as those
of PyTorch's own pointwise operators do; inputs that are not dense are copied first. All memory
comes from PyTorch's allocator and all work goes to the current stream of the tensor's device;
nothing waits for the device, so calls may be captured in a CUDA graph once a kernel is compiled.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mish.torch._triton import again, math, pointwise

WARPS = 4
# Accesses of 16 bytes for each thread and array. One would do; with two the cost of addresses is
# shared by twice as many elements, still in few enough registers.
VECTORS = 2
# Indices of up to 31 bits, less what the last program may go beyond the end.
NARROW = 2**31 - 2**16

_FULL = (math.mish, math.mish_d1, math.mish_d2, math.mish_d3)
_FUNCTIONS = {
    torch.float16: (
        math.mish_float16,
        math.mish_float16_d1,
        math.mish_half_d2,
        math.mish_half_d3,
    ),
    torch.bfloat16: (math.mish_half, math.mish_half_d1, math.mish_half_d2, math.mish_half_d3),
    torch.float32: _FULL,
    torch.float64: _FULL,
}
DTYPES = tuple(_FUNCTIONS)
ORDERS = len(_FULL)


def function_for(dtype: torch.dtype, order: int) -> Any:
    """The device function that the kernels of this dtype use."""
    return _FUNCTIONS[dtype][order]


def block_for(dtype: torch.dtype) -> int:
    """How many elements a program handles."""
    return WARPS * 32 * VECTORS * (16 // dtype.itemsize)


def options() -> dict[str, Any]:
    """How kernels are compiled: without contraction, so that each operation rounds as written."""
    return {"num_warps": WARPS, "enable_fp_fusion": False}


_kept = again.Kept()


def _run(kernel: Any, order: int, out: Tensor, *inputs: Tensor) -> None:
    """Launch over tensors that are dense and have the same strides."""
    size = out.numel()
    if size == 0:
        return
    dtype = out.dtype
    block = block_for(dtype)
    wide = size > NARROW
    constants = {"function": function_for(dtype, order), "block": block, "wide": wide}
    tensors = (out, *inputs)
    with torch.cuda.device_of(out):
        if wide:
            kernel[(-(-size // block),)](*tensors, size, **constants, **options())
        else:
            key = (len(inputs), order, dtype, out.get_device())
            _kept.launch(key, kernel, -(-size // block), tensors, size, constants, options())


def is_dense(x: Tensor) -> bool:
    return x.is_contiguous() or x.stride() == torch.empty_like(x, device="meta").stride()


def laid_out_like(x: Tensor, model: Tensor) -> Tensor:
    """``x`` itself if its strides are those of ``model``, else a copy that has them."""
    if x.stride() == model.stride():
        return x
    return torch.empty_like(model).copy_(x)


def derivative(x: Tensor, order: int) -> Tensor:
    """A new tensor with the derivative of order 0 to 3 of ``x``, of one of `DTYPES`."""
    out = torch.empty_like(x)  # it is always dense, so equal strides mean that x is dense as well
    _run(pointwise.unary, order, out, laid_out_like(x, out))
    return out


def mish_into(out: Tensor, x: Tensor) -> None:
    """Write mish(x) to ``out``, which is ``x`` or has its shape and dtype and overlaps nothing."""
    if out.stride() == x.stride() and is_dense(x):
        _run(pointwise.unary, 0, out, x)
    else:
        out.copy_(derivative(x, 0))


def backward(dy: Tensor, x: Tensor) -> Tensor:
    """A new tensor with dy·mish′(x); both of the same shape and dtype."""
    out = torch.empty_like(x)
    _run(pointwise.weighted, 1, out, laid_out_like(dy, out), laid_out_like(x, out))
    return out
