"""Normalisation and Mish as one module."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mish.torch._fused.kept_norm import INPUT, require_save
from mish.torch._tracing import is_symbolic
from mish.torch.functional import batch_norm_mish, group_norm_mish


def _representation(of_norm: str, save: str) -> str:
    return of_norm if save == INPUT else f"{of_norm}, save={save!r}"


class GroupNormMish(torch.nn.GroupNorm):
    """`torch.nn.GroupNorm` followed by Mish; arguments and state dict are those of GroupNorm.

    Args:
        save: what is kept for the backward pass, ``"input"``, ``"output"`` or ``"output+bit"``; see
            docs/memory.md.

    Shape:
        Input (N, C, ...); output of the same shape.

    Raises:
        ValueError: if ``num_groups`` does not divide ``num_channels``, the input has not so many
            channels, or ``save`` is none of the three.
    """

    save = INPUT  # of objects that were made as another class and became this one

    def __init__(self, *args: Any, save: str = INPUT, **kwargs: Any) -> None:
        require_save(save)
        super().__init__(*args, **kwargs)
        self.save = save

    def extra_repr(self) -> str:
        """As PyTorch has it, and ``save`` unless it is the usual one."""
        return _representation(super().extra_repr(), self.save)

    def forward(self, input: Tensor) -> Tensor:
        """Mish of the normalised input; see `mish.torch.functional.group_norm_mish`."""
        return group_norm_mish(input, self.num_groups, self.weight, self.bias, self.eps, self.save)


class _AnyBatchNorm(_BatchNorm):
    """Batch normalisation of any number of dimensions."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"input must have the shape (N, C, ...), not {input.shape}")


class BatchNormMish(_AnyBatchNorm):
    """Batch normalisation of any number of dimensions, followed by Mish.

    Arguments and state dict are those of `torch.nn.BatchNorm2d` and its relatives.

    Args:
        save: what is kept for the backward pass, ``"input"``, ``"output"`` or ``"output+bit"``; see
            docs/memory.md.

    Shape:
        Input (N, C, ...); output of the same shape.

    Raises:
        ValueError: if the input has fewer than two dimensions or another number of channels, or
            ``save`` is none of the three.
    """

    save = INPUT  # of objects that were made as another class and became this one

    def __init__(self, *args: Any, save: str = INPUT, **kwargs: Any) -> None:
        require_save(save)
        super().__init__(*args, **kwargs)
        self.save = save

    def extra_repr(self) -> str:
        """As PyTorch has it, and ``save`` unless it is the usual one."""
        return _representation(super().extra_repr(), self.save)  # type: ignore[no-untyped-call]

    def forward(self, input: Tensor) -> Tensor:
        """Mish of the normalised input; see `mish.torch.functional.batch_norm_mish`."""
        if not is_symbolic(input):
            self._check_input_dim(input)
        follows = self.training and self.track_running_stats
        running = self.track_running_stats or not self.training
        return batch_norm_mish(
            input,
            self.running_mean if running else None,
            self.running_var if running else None,
            self.weight,
            self.bias,
            self.eps,
            self.training or self.running_mean is None or self.running_var is None,
            self._count() if follows else 0.0,
            self.save,
        )

    def _count(self) -> float:
        """The share of one more batch in the running statistics."""
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the mean of all batches
                return 1.0 / float(self.num_batches_tracked)
        return 0.0 if self.momentum is None else self.momentum

    def __prepare_scriptable__(self) -> torch.nn.Module:
        """What `torch.jit.script` compiles instead, since TorchScript has no ``super()``."""
        norm = copy.copy(self)
        norm.__class__ = _AnyBatchNorm  # type: ignore[assignment]
        return torch.nn.Sequential(norm, torch.nn.Mish())
