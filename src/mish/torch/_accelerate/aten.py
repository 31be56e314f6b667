"""The kernels of aten's own operators, while `accelerate` holds."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import torch
from torch import Tensor

from mish.torch import _cuda, _native
from mish.torch._ops import OPERATORS

# Every call meets this key first where a transform of torch.func is at work.
_TRANSFORMS = "FuncTorchDynamicLayerFrontMode"

_libraries: list[Any] = []  # what has to be taken back


def switch(on: bool) -> None:
    """Turn ours on or off."""
    if on:
        _register()
        library: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
        # PyTorch differentiates its mish by formulas of its own under torch.func.
        library.impl("mish", _mish, _TRANSFORMS)
        library.impl("mish_", _mish_inplace, _TRANSFORMS)
        _libraries.append(library)
    while _libraries and not on:
        _end(_libraries.pop())
    _native.set_accelerated(on)


@functools.cache
def _register() -> None:
    """Put our kernels in front of PyTorch's, once; a flag decides who computes.

    To take them out again while another thread calls one would not be safe.
    """
    _warn_once_in_vain()
    _native.register_aten()
    if _cuda.aten_is_available():
        _cuda.register_aten()


def _warn_once_in_vain() -> None:
    """Have PyTorch's warning about an overridden kernel, which comes once, where nobody sees it."""
    first: Any = torch.library.Library("mish", "FRAGMENT")  # type: ignore[no-untyped-call]
    second: Any = torch.library.Library("mish", "IMPL")  # type: ignore[no-untyped-call]
    first.define("_overridden() -> ()")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in (first, second):
            # Library.impl itself refuses it before PyTorch 2.12.
            library.m.impl("_overridden", "CPU", lambda: None, False)
    _end(second)
    _end(first)


def _end(library: Any) -> None:
    """Take back what a library has registered, whoever still holds it."""
    getattr(library, "_destroy", lambda: None)()


def _mish(x: Tensor) -> Tensor:
    y: Tensor = OPERATORS.mish.default(x)
    return y


def _mish_inplace(x: Tensor) -> Tensor:
    OPERATORS.mish_.default(x)
    return x
