"""Calls of `torch.nn.functional.mish` in a module's forward, made to mean something else.

The module's class changes to one like it whose forward runs with these calls caught.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


class _Catching(TorchFunctionMode):
    def __init__(self, instead: Callable[..., Any]) -> None:
        super().__init__()
        self._instead = instead

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func is F.mish:
            return self._instead(*args, **kwargs or {})
        return func(*args, **kwargs or {})


class CatchingForward(nn.Module):
    """What is put before the class of a module. A subclass says what the calls mean."""

    def catches(self) -> bool:
        """Whether to catch them, as things are."""
        return True

    def instead(self, input: Tensor, inplace: bool = False) -> Tensor:
        """What a call of `torch.nn.functional.mish` gives."""
        raise NotImplementedError

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """That of the class behind, with the calls caught."""
        if not self.catches():
            return super().forward(*args, **kwargs)
        with _Catching(self.instead):
            return super().forward(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """The class is found by the two that it was made of."""
        _, _, *state = tuple(super().__reduce_ex__(protocol))
        return _empty, type(self).__bases__, *state


def _empty(catching: Any, kind: Any) -> nn.Module:
    made = before(catching, kind)
    module: nn.Module = made.__new__(made)
    return module


@functools.cache
def before(catching: Any, kind: Any) -> Any:
    """A class like ``kind`` that catches what ``catching`` says."""
    return type(kind.__name__, (catching, kind), {"__doc__": kind.__doc__})
