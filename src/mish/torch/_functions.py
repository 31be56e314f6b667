"""The functions mish and derivative."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._C import _functorch
from torch.autograd import forward_ad
from torch.compiler import is_compiling

from mish.torch import _state
from mish.torch._autograd import FORWARD, FORWARD_INPLACE, RECORDED_FORWARD
from mish.torch._ops import OPERATORS as _ops

_dispatch_modes = torch._C._len_torch_dispatch_stack
_tracing = torch._C._get_tracing_state
PLAIN = (Tensor, torch.nn.Parameter)


def mish(x: Tensor, inplace: bool = False) -> Tensor:
    """x·tanh(ln(1 + eˣ)), elementwise: `torch.nn.functional.mish`, faster and more accurate.

    Args:
        x: tensor of any shape, float16, bfloat16, float32 or float64.
        inplace: write the result into ``x`` and return ``x``.

    Returns:
        A tensor of the shape and dtype of ``x``. A dense ``x`` keeps its strides. On the CPU the
        error is below 1 ulp in float32 and at most 2 ulp in float64, and the 16-bit dtypes are
        correctly rounded. On CUDA devices see docs/gpu.md; compiled and on other devices the error
        is at most 5 ulp in float32.

    Raises:
        NotImplementedError: if the dtype of ``x`` is no floating-point dtype, as PyTorch does.
        RuntimeError: if ``inplace`` and ``x`` is a leaf that requires grad.

    Source:
        Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", arXiv:1908.08681.
    """
    if inplace:
        return _inplace(x)
    if type(x) in PLAIN and (x.is_cpu or x.is_cuda) and not is_compiling() and is_eager():
        if _state.accelerated and x.is_cpu:
            y: Tensor = torch._C._nn.mish(x)
        elif x.requires_grad and torch.is_grad_enabled():
            y = RECORDED_FORWARD(x)
        else:
            y = FORWARD(x)
        return y
    if torch.onnx.is_in_onnx_export():
        return F.mish(x)  # what exporters have operators for
    y = _ops.mish.default(x)
    return y


def is_eager() -> bool:
    """Whether nothing but backward-mode autograd watches what happens to plain tensors."""
    return (
        forward_ad._current_level < 0
        and _functorch.maybe_current_level() is None
        and not _dispatch_modes()
        and _tracing() is None
    )


def _inplace(x: Tensor) -> Tensor:
    if type(x) in PLAIN and x.is_cpu and not is_compiling() and is_eager():
        if _state.accelerated:
            return torch._C._nn.mish_(x)
        if not (x.requires_grad and torch.is_grad_enabled()) and not x.is_inference():
            FORWARD_INPLACE(x)
            torch.autograd.graph.increment_version(x)
            return x
    if torch.onnx.is_in_onnx_export():
        return F.mish(x, inplace=True)
    if is_compiling():
        return x.copy_(mish(x.clone()))
    _ops.mish_.default(x)
    return x


def derivative(x: Tensor, order: int = 1) -> Tensor:
    """The derivative of Mish of any order, elementwise; itself differentiable.

    Args:
        x: tensor of any shape, float16, bfloat16, float32 or float64.
        order: 0 for Mish itself, or more.

    Returns:
        A tensor of the shape and dtype of ``x``. On the CPU the error is below 1 ulp in float32 for
        orders 0 to 3, and that of `mish.derivative` otherwise. On CUDA devices see docs/gpu.md for
        orders 0 to 3. Otherwise, and compiled, it is that of `mish.formula.derivative`.

    Raises:
        ValueError: if ``order`` is negative.
        NotImplementedError: if the dtype of ``x`` is no floating-point dtype.
    """
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    y: Tensor = _ops.derivative.default(x, order)
    return y
