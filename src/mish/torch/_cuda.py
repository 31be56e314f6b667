"""On CUDA devices: the operators mish::*, and those of aten's own while `accelerate` holds.

Triton kernels compute both where they run; else `mish.formula` and PyTorch's own kernels do.

Triton is imported at the first call with a CUDA tensor. PyTorch's builds for CUDA bring it along.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch._C import DispatchKeySet

from mish.torch import _ops, _state

_aten_library: list[Any] = []  # kept for the life of the process
# Kernels that ours replaced. Ours stay when `accelerate` ends and then ask these, as on the CPU.
_theirs: dict[str, Any] = {}

_LEAST_CAPABILITY = (8, 0)  # minima and maxima that keep NaN


@functools.cache
def _launch() -> ModuleType | None:
    if find_spec("triton") is None or torch.version.hip:
        return None
    from mish.torch._triton import launch

    return launch


@functools.cache
def _capable(device: torch.device) -> bool:
    return device.type != "cuda" or torch.cuda.get_device_capability(device) >= _LEAST_CAPABILITY


def kernels_for(x: Tensor) -> ModuleType | None:
    """`mish.torch._triton.launch`, or None where its kernels do not serve ``x``."""
    launch = _launch()
    if launch is None or x.dtype not in launch.DTYPES or not _capable(x.device):
        return None
    return launch


def _mish(x: Tensor) -> Tensor:
    return _derivative(x, 0)


def _derivative(x: Tensor, order: int) -> Tensor:
    kernels = kernels_for(x)
    if kernels is None or not 0 <= order < kernels.ORDERS:
        return _ops.derivative_formula(x, order)
    y: Tensor = kernels.derivative(x, order)
    return y


def _backward(dy: Tensor, x: Tensor) -> Tensor:
    if dy.shape != x.shape:
        raise ValueError(f"dy must have the shape of x, {tuple(x.shape)}, not {tuple(dy.shape)}")
    kernels = kernels_for(x)
    if kernels is None or dy.dtype != x.dtype or dy.device != x.device:
        return _ops.backward_formula(dy, x)
    dx: Tensor = kernels.backward(dy, x)
    return dx


def _mish_inplace(x: Tensor) -> None:
    kernels = kernels_for(x)
    if kernels is None:
        x.copy_(_ops.mish_formula(x))
    else:
        kernels.mish_into(x, x)


def _register() -> None:
    for name, function in (
        ("mish", _mish),
        ("derivative", _derivative),
        ("backward", _backward),
        ("mish_", _mish_inplace),
        ("_forward", _mish),
        ("_forward_", _mish_inplace),
    ):
        _ops.LIBRARY.impl(name, function, "CUDA")


def aten_is_available() -> bool:
    """Whether this PyTorch has CUDA, and the means to call a kernel that was replaced."""
    return torch.version.cuda is not None and hasattr(torch.library, "get_kernel")


@functools.cache
def register_aten() -> None:
    """Put our kernels of aten's operators in front of PyTorch's, once."""
    library: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name, kernel in (
        ("mish", _aten_mish),
        ("mish_", _aten_mish_inplace),
        ("mish.out", _aten_mish_out),
        ("mish_backward", _aten_backward),
    ):
        _theirs[name] = torch.library.get_kernel(f"aten::{name}", "CUDA")
        library.impl(name, kernel, "CUDA", with_keyset=True)
    _aten_library.append(library)


def _ours(x: Tensor) -> Any:
    """The module of our kernels if they are to serve ``x``."""
    return kernels_for(x) if _state.accelerated else None


def _aten_mish(keys: DispatchKeySet, x: Tensor) -> Any:
    kernels = _ours(x)
    if kernels is None:
        return _theirs["mish"].call_boxed(keys, x)
    return kernels.derivative(x, 0)


def _aten_mish_inplace(keys: DispatchKeySet, x: Tensor) -> Any:
    kernels = _ours(x)
    if kernels is None:
        return _theirs["mish_"].call_boxed(keys, x)
    kernels.mish_into(x, x)
    return x


def _aten_mish_out(keys: DispatchKeySet, x: Tensor, *, out: Tensor) -> Any:
    kernels = _ours(x)
    if kernels is None or not _replaces(out, x):
        return _theirs["mish.out"].call_boxed(keys, x, out=out)
    kernels.mish_into(out, x)
    return out


def _replaces(out: Tensor, x: Tensor) -> bool:
    """Whether ``out`` can be written without a check that PyTorch makes: it is ``x``, or apart."""
    alike = (out.dtype, out.device, out.shape, out.stride()) == (
        x.dtype,
        x.device,
        x.shape,
        x.stride(),
    )
    same = out.data_ptr() == x.data_ptr()
    apart = out.untyped_storage().data_ptr() != x.untyped_storage().data_ptr()
    return alike and (same or apart)


def _aten_backward(keys: DispatchKeySet, dy: Tensor, x: Tensor) -> Any:
    kernels = _ours(x)
    alike = (dy.dtype, dy.device, dy.shape) == (x.dtype, x.device, x.shape)
    if kernels is None or not alike:
        return _theirs["mish_backward"].call_boxed(keys, dy, x)
    return kernels.backward(dy, x)


_register()
