"""Mish as `mish.formula` for Inductor, which makes one loop of it and its neighbours.

Inductor turns operators into others by a table, before it makes code. PyTorch caches compiled
code on disk by a key that knows the graph but not the table, so while aten's entries are ours the
key carries a tag.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from mish._when_imported import when_imported
from mish.torch import _ops, _state
from mish.torch._ops import OPERATORS as ours

_Table = dict[Any, Callable[..., Any]]

_TAG = ";aten::mish by mish " + version("mish")

_TABLE = "torch._inductor.decomposition"  # the module that has it
_theirs: _Table = {}  # what stood there before ours


def switch(on: bool) -> None:
    """Whether aten's operators become our formula too."""
    tag = torch.compiler.config.cache_key_tag.removesuffix(_TAG)
    torch.compiler.config.cache_key_tag = tag + _TAG if on else tag
    if _TABLE in sys.modules:
        _replace_aten(sys.modules[_TABLE], on)


def _inplace(x: Tensor) -> Tensor:
    return x.copy_(_ops.mish_formula(x))


def _aten() -> _Table:
    aten = torch.ops.aten
    return {
        aten.mish.default: _ops.mish_formula,
        aten.mish_.default: _inplace,
        aten.mish_backward.default: _ops.backward_formula,
    }


def _replace_aten(inductor: ModuleType, on: bool) -> None:
    table: _Table = inductor.decompositions
    for op, formula in _aten().items():
        if on:
            _theirs.setdefault(op, table[op])
            table[op] = formula
        elif op in _theirs:
            table[op] = _theirs.pop(op)
    inductor.fast_random_decomps.cache_clear()  # it keeps a copy of the table


def _register(inductor: ModuleType) -> None:
    inductor.decompositions.update(
        {
            ours.mish.default: _ops.mish_formula,
            ours._forward.default: _ops.mish_formula,
            ours.derivative.default: _ops.derivative_formula,
            ours._derivative.default: _ops.derivative_formula,
            ours.backward.default: _ops.backward_formula,
        }
    )
    _replace_aten(inductor, _state.accelerated)


when_imported(_TABLE, _register)
