"""Distributed tensors: how operators mish::* shard."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mish._support.when_imported import when_imported
from mish.torch._kept import ops  # noqa: F401  (defines some of the operators)
from mish.torch._ops import OPERATORS


def _elementwise(*arguments: Any) -> list[tuple[list[Any], list[Any]]]:
    """The placements that need no communication: a dimension sharded alike everywhere, or none."""
    from torch.distributed.tensor import Replicate, Shard

    dims = range(arguments[0].ndim)
    placements: list[Any] = [Replicate(), *map(Shard, dims)]
    return [
        ([each], [None if isinstance(argument, int) else each for argument in arguments])
        for each in placements
    ]


def _register(_: ModuleType) -> None:
    from torch.distributed.tensor.experimental import register_sharding

    register_sharding(
        [
            OPERATORS.mish.default,
            OPERATORS.derivative.default,
            OPERATORS.backward.default,
            OPERATORS.marked.default,
            OPERATORS.marked_backward.default,
            OPERATORS.marked_inverse.default,
        ]
    )(_elementwise)


when_imported("torch.distributed.tensor", _register)
