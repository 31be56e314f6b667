"""The functions mish and derivative."""

from __future__ import annotations

import functools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.compiler import is_compiling
from torch.jit import is_scripting  # type: ignore[attr-defined]

from mish import formula
from mish.torch import _state
from mish.torch._autograd import FORWARD, FORWARD_INPLACE, RECORDED_FORWARD
from mish.torch._kept import ways
from mish.torch._ops import OPERATORS, derivative_formula
from mish.torch._tracing import PLAIN, is_eager, is_symbolic, is_written_down

# What torch.nn.functional.mish calls, for the paths where a microsecond counts.
_ATEN_MISH: Any = getattr(torch._C._nn, "mish", F.mish)
_ATEN_MISH_INPLACE: Any = getattr(torch._C._nn, "mish_", functools.partial(F.mish, inplace=True))


def mish(x: Tensor, inplace: bool = False, save: str = "input") -> Tensor:
    """x·tanh(ln(1 + eˣ)), elementwise: `torch.nn.functional.mish`, faster and more accurate.

    Args:
        x: tensor of any shape, float16, bfloat16, float32 or float64.
        inplace: write the result into ``x`` and return ``x``.
        save: what autograd keeps for the backward pass, see docs/memory.md. ``"input"``; or
            ``"output"``, which the next layer keeps anyway, in whose last bit lies on which side of
            the minimum ``x`` is; or ``"output+bit"``, the output and this bit beside it; or
            ``"1bit"`` to ``"4bit"`` for each number, from which the gradient comes out roughly.

    Returns:
        A tensor of the shape and dtype of ``x``. A dense ``x`` keeps its strides. On the CPU the
        error is below 1 ulp in float32 and at most 2 ulp in float64, and the 16-bit dtypes are
        correctly rounded. On CUDA devices see docs/gpu.md; compiled and on other devices the error
        is at most 5 ulp in float32. With ``save="output"``, where autograd records, it is at most
        1.28 ulp in float32 and below 1 ulp in 16 bits on the CPU. The gradient's error is in
        docs/memory.md.

    Raises:
        NotImplementedError: if the dtype of ``x`` is no floating-point dtype, as PyTorch does.
        RuntimeError: if ``inplace`` and ``x`` is a leaf that requires grad; in the backward pass,
            if ``create_graph=True`` meets a ``save`` of some bits.
        TypeError: if ``x`` is no tensor.
        ValueError: if ``save`` is none of these.

    Source:
        Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", arXiv:1908.08681.
    """
    if is_scripting():
        return F.mish(x, inplace=inplace)
    else:  # which TorchScript does not compile
        if save != ways.INPUT:
            return _keeping(x, inplace, save)
        if inplace:
            return _inplace(x)
        if type(x) in PLAIN and (x.is_cpu or x.is_cuda) and is_eager():
            if _state.accelerated and x.is_cpu:
                y: Tensor = _ATEN_MISH(x)
            elif x.requires_grad and torch.is_grad_enabled():
                y = RECORDED_FORWARD(x)
            else:
                y = FORWARD(x)
            return y
        if is_written_down(x):
            return F.mish(x)
        _require_tensor(x)
        y = OPERATORS.mish.default(x)
        return y


def _keeping(x: Tensor, inplace: bool, save: str) -> Tensor:
    ways.require_save(save)
    eager = type(x) in PLAIN and is_eager()
    if not eager:
        if is_written_down(x):
            return F.mish(x, inplace=inplace)
        _require_tensor(x)
    if not ways.serves(x) or (eager and not (x.requires_grad and torch.is_grad_enabled())):
        return mish(x, inplace)
    return ways.mish(x, inplace, save, eager)


def _inplace(x: Tensor) -> Tensor:
    if type(x) in PLAIN and x.is_cpu and is_eager():
        if _state.accelerated:
            return _ATEN_MISH_INPLACE(x)  # type: ignore[no-any-return]
        if not (x.requires_grad and torch.is_grad_enabled()) and not x.is_inference():
            FORWARD_INPLACE(x)
            torch.autograd.graph.increment_version(x)
            return x
    if is_written_down(x):
        return F.mish(x, inplace=True)
    if is_compiling():
        return x.copy_(mish(x.clone()))
    _require_tensor(x)
    OPERATORS.mish_.default(x)
    return x


def _require_tensor(x: object) -> None:
    if not (isinstance(x, Tensor) or hasattr(x, "__torch_function__")):
        raise TypeError(
            f"x must be a tensor, not {type(x).__name__}: take torch.as_tensor(x), or for NumPy's "
            "arrays mish.mish and mish.derivative"
        )


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
        TypeError: if ``x`` is no tensor.
    """
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    if is_written_down(x):
        y: Tensor = _written_down(x, order)
    else:
        _require_tensor(x)
        y = OPERATORS.derivative.default(x, order)
    return y


def _written_down(x: Tensor, order: int) -> Any:
    if order == 0:
        return F.mish(x)
    if is_symbolic(x):  # of a dtype that is not known yet
        namespace: Any = torch
        return formula.derivative(x, order, namespace)
    return derivative_formula(x, order)
