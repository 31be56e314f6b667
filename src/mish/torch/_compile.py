"""Mish as `mish.formula` for Inductor, which makes one loop of it and its neighbours.

Inductor turns operators into others by a table, before it makes code. PyTorch caches compiled code on
disk by a key that knows the graph but not the table, so while aten's entries are ours the key
carries a tag.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from mish._when_imported import when_imported
from mish.torch import _ops

_Table = dict[Any, Callable[..., Any]]

_TAG = ";aten::mish by mish " + version("mish")

_inductor: ModuleType | None = None
_theirs: _Table = {}  # what stood in Inductor's table before ours
_wanted = False


def switch(on: bool) -> None:
    """Whether aten's operators become our formula too."""
    global _wanted
    _wanted = on
    tag = torch.compiler.config.cache_key_tag.removesuffix(_TAG)
    torch.compiler.config.cache_key_tag = tag + _TAG if on else tag
    if _inductor is not None:
        _apply(_inductor)


def _inplace(x: Tensor) -> Tensor:
    return x.copy_(_ops.mish_formula(x))


def _aten() -> _Table:
    aten = torch.ops.aten
    return {
        aten.mish.default: _ops.mish_formula,
        aten.mish_.default: _inplace,
        aten.mish_backward.default: _ops.backward_formula,
    }


def _apply(inductor: ModuleType) -> None:
    table: _Table = inductor.decompositions
    for op, ours in _aten().items():
        if _wanted:
            _theirs.setdefault(op, table[op])
            table[op] = ours
        elif op in _theirs:
            table[op] = _theirs.pop(op)
    inductor.fast_random_decomps.cache_clear()  # it keeps a copy of the table


def _register(inductor: ModuleType) -> None:
    global _inductor
    _inductor = inductor
    ours = torch.ops.mish
    inductor.decompositions.update(
        {
            ours.mish.default: _ops.mish_formula,
            ours._forward.default: _ops.mish_formula,
            ours.derivative.default: _ops.derivative_formula,
            ours._derivative.default: _ops.derivative_formula,
            ours.backward.default: _ops.backward_formula,
        }
    )
    _apply(inductor)


when_imported("torch._inductor.decomposition", _register)
