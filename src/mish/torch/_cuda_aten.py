"""The kernels of aten's own operators on CUDA devices, while `accelerate` holds.

They stay registered when it ends and then ask the kernels that they replaced, as those of the CPU
do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._C import DispatchKeySet

from mish.torch import _cuda, _state

_Kernel = Callable[..., Any]
_NAMES = ("mish", "mish_", "mish.out", "mish_backward")
_library: list[Any] = []  # kept for the life of the process
_theirs: dict[str, Any] = {}  # the kernels that ours replaced


def available() -> bool:
    """Whether this PyTorch has CUDA, and the means to call a kernel that was replaced."""
    return torch.version.cuda is not None and hasattr(torch.library, "get_kernel")


@functools.cache
def register() -> None:
    """Put our kernels in front of PyTorch's, once."""
    library: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name, kernel in zip(_NAMES, (_mish, _mish_inplace, _mish_out, _backward), strict=True):
        _theirs[name] = torch.library.get_kernel(f"aten::{name}", "CUDA")
        library.impl(name, kernel, "CUDA", with_keyset=True)
    _library.append(library)


def _ours(x: Tensor) -> Any:
    """The module of our kernels if they are to serve ``x``."""
    return _cuda.kernels_for(x) if _state.accelerated else None


def _mish(keys: DispatchKeySet, x: Tensor) -> Any:
    kernels = _ours(x)
    if kernels is None:
        return _theirs["mish"].call_boxed(keys, x)
    return kernels.derivative(x, 0)


def _mish_inplace(keys: DispatchKeySet, x: Tensor) -> Any:
    kernels = _ours(x)
    if kernels is None:
        return _theirs["mish_"].call_boxed(keys, x)
    kernels.mish_into(x, x)
    return x


def _mish_out(keys: DispatchKeySet, x: Tensor, *, out: Tensor) -> Any:
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


def _backward(keys: DispatchKeySet, dy: Tensor, x: Tensor) -> Any:
    kernels = _ours(x)
    alike = (dy.dtype, dy.device, dy.shape) == (x.dtype, x.device, x.shape)
    if kernels is None or not alike:
        return _theirs["mish_backward"].call_boxed(keys, dy, x)
    return kernels.backward(dy, x)
