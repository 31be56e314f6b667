"""`torch.nn.functional.mish` inside of a module's forward, with another ``save``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import nn
from torch.compiler import is_compiling
from torch.overrides import TorchFunctionMode

from mish.torch._functions import mish


class _Saving(TorchFunctionMode):
    def __init__(self, save: str) -> None:
        super().__init__()
        self._save = save

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func is F.mish:
            return mish(*args, **{**(kwargs or {}), "save": self._save})
        return func(*args, **kwargs or {})


class _SavingForward(nn.Module):
    """What is put before the class of a module."""

    mish_save: str

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        if is_compiling():  # whose compiler chooses what to keep
            return super().forward(*args, **kwargs)
        with _Saving(self.mish_save):
            return super().forward(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """The class is found by the one that it was made of."""
        _, _, *state = tuple(super().__reduce_ex__(protocol))
        return _empty, (type(self).__mro__[2],), *state


def _empty(kind: Any) -> nn.Module:
    made = saving(kind)
    module: nn.Module = made.__new__(made)
    return module


@functools.cache
def saving(kind: Any) -> Any:
    """A class like ``kind`` whose forward keeps what the attribute ``mish_save`` says."""
    return type(kind.__name__, (_SavingForward, kind), {"__doc__": kind.__doc__})
