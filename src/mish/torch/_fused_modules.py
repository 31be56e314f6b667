"""Normalisation and Mish as one module."""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mish.torch._functions import mish
from mish.torch._tracing import is_symbolic
from mish.torch.functional import batch_norm_mish, group_norm_mish


class GroupNormMish(torch.nn.GroupNorm):
    """`torch.nn.GroupNorm` followed by Mish; arguments and state dict are those of GroupNorm.

    Shape:
        Input (N, C, ...); output of the same shape.

    Raises:
        ValueError: if ``num_groups`` does not divide ``num_channels``, or the input has not so many
            channels.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Mish of the normalised input; see `mish.torch.functional.group_norm_mish`."""
        return group_norm_mish(input, self.num_groups, self.weight, self.bias, self.eps)


class _AnyBatchNorm(_BatchNorm):
    """Batch normalisation of any number of dimensions."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"input must have the shape (N, C, ...), not {input.shape}")


class BatchNormMish(_AnyBatchNorm):
    """Batch normalisation of any number of dimensions, followed by Mish.

    Arguments and state dict are those of `torch.nn.BatchNorm2d` and its relatives. In evaluation
    mode both are one pass; in training mode PyTorch normalises by the statistics of the batch and
    Mish follows.

    Shape:
        Input (N, C, ...); output of the same shape.

    Raises:
        ValueError: if the input has fewer than two dimensions or another number of channels.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Mish of the normalised input; see `mish.torch.functional.batch_norm_mish`."""
        if self.training or self.running_mean is None or self.running_var is None:
            return mish(super().forward(input))
        if not is_symbolic(input):
            self._check_input_dim(input)
        return batch_norm_mish(
            input, self.running_mean, self.running_var, self.weight, self.bias, self.eps
        )

    def __prepare_scriptable__(self) -> torch.nn.Module:
        """What `torch.jit.script` compiles instead, since TorchScript has no ``super()``."""
        norm = copy.copy(self)
        norm.__class__ = _AnyBatchNorm  # type: ignore[assignment]
        return torch.nn.Sequential(norm, torch.nn.Mish())
