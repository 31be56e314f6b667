"""Mish as `mish.formula` for Inductor, which makes one loop of it and its neighbours.

Inductor turns operators into others by a table, before it makes code. PyTorch caches compiled
code on disk by a key that knows the graph but not the table, so while aten's entries are ours the
key carries a tag. Another table, from which Inductor's is made, serves exported programs and other
compilers; aten's entries there become ours with it, so that all give the same answers.

The partitioner, which chooses what the backward pass gets, sees these operations. A constant is a
tensor to it, one for all layers that use its value, and what uses a tensor again behind an operator
that cannot be fused is never computed anew. So after the first layer the selections between x and
a number could not be, and the slope of Mish was kept beside the input of a normalisation, from
which it follows. `_Unshared` has the same formula, to the last bit, without constant tensors.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from mish._support.when_imported import when_imported
from mish.torch import _ops, _private, _state
from mish.torch._ops import OPERATORS

_Table = dict[Any, Callable[..., Any]]

_TAG = ";aten::mish by mish " + version("mish")

_INDUCTOR = "torch._inductor.decomposition"  # the module that has Inductor's table


def switch(on: bool) -> None:
    """Whether aten's operators become our formula too."""
    tag = torch.compiler.config.cache_key_tag.removesuffix(_TAG)
    torch.compiler.config.cache_key_tag = tag + _TAG if on else tag
    _TABLE.update(_OURS if on else _THEIRS)
    if _INDUCTOR in sys.modules and _private.has_inductors_table():
        _switch_inductor(sys.modules[_INDUCTOR], on)


class _Unshared:
    """`torch` for `mish.formula`; numbers in a selection hang on the condition."""

    abs, exp = staticmethod(torch.abs), staticmethod(torch.exp)

    @staticmethod
    def where(condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        """``x`` where the condition holds, else ``y``; one of them may be a number."""
        if not isinstance(x, Tensor):
            x = condition.to(y.dtype) * x  # type: ignore[union-attr]
        elif not isinstance(y, Tensor):
            y = (~condition).to(x.dtype) * y
        return torch.where(condition, x, y)


def _unshared(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.partial(function, namespace=_Unshared)


def _inplace(x: Tensor, namespace: Any = torch) -> Tensor:
    return x.copy_(_ops.mish_formula(x, namespace))


_aten = torch.ops.aten
_OURS: _Table = {
    _aten.mish.default: _ops.mish_formula,
    _aten.mish_.default: _inplace,
    _aten.mish_backward.default: _ops.backward_formula,
}
_INDUCTORS: _Table = {op: _unshared(function) for op, function in _OURS.items()}
_TABLE: _Table = getattr(torch._decomp, "decomposition_table", {})
_THEIRS: _Table = {op: _TABLE[op] for op in _OURS if op in _TABLE}


def _switch_inductor(inductor: ModuleType, on: bool) -> None:
    inductor.decompositions.update(_INDUCTORS if on else _THEIRS)
    inductor.fast_random_decomps.cache_clear()  # it keeps a copy of the table


def _register(inductor: ModuleType) -> None:
    if not _private.has_inductors_table():
        return
    for op, function in (
        (OPERATORS.mish.default, _ops.mish_formula),
        (OPERATORS._forward.default, _ops.mish_formula),
        (OPERATORS.derivative.default, _ops.derivative_formula),
        (OPERATORS._derivative.default, _ops.derivative_formula),
        (OPERATORS.backward.default, _ops.backward_formula),
    ):
        inductor.decompositions[op] = _unshared(function)
    _switch_inductor(inductor, _state.accelerated)


def _take_whole(_: ModuleType) -> None:
    """Let the tracer of `torch.export` leave our formula to the next one, which knows tensors."""
    torch.compiler.allow_in_graph(_ops.derivative_formula)  # type: ignore[no-untyped-call]


when_imported(_INDUCTOR, _register)
when_imported("torch._dynamo", _take_whole)
