"""The operators mish::* on CUDA devices: Triton kernels where they run, else `mish.formula`.

Triton is imported at the first call with a CUDA tensor. PyTorch's builds for CUDA bring it along.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from types import ModuleType

import torch
from torch import Tensor

from mish.torch import _ops

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


_register()
