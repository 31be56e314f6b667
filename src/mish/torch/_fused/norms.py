"""The normalisations of `kept_norm`, forward and backward, with statistics that can be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mish.torch._fused.ops import by_channel, dense, group_norm, sizes, sum_by_channel, wide_dtype
from mish.torch._ops import OPERATORS

Parameter = Tensor | None
_Gradients = tuple[Tensor | None, ...]


class Norm(NamedTuple):
    """A normalisation. Its statistics μ and 1/σ have the shape (samples or 1, groups)."""

    # of x, weight and bias: z = weight·(x − μ)/σ + bias, μ, 1/σ
    forward: Callable[[Tensor, Parameter, Parameter], tuple[Tensor, Tensor, Tensor]]
    # of dz, x, weight, μ and 1/σ: the gradients by x, weight and bias
    backward: Callable[[Tensor, Tensor, Parameter, Tensor, Tensor], _Gradients]
    # of x, weight and bias: Mish of z as operations that PyTorch differentiates to any order
    operations: Callable[[Tensor, Parameter, Parameter], Tensor]
    frozen: bool = False  # whether the statistics are given, not those of x


def of_batch(
    running_mean: Tensor | None, running_var: Tensor | None, momentum: float, eps: float
) -> Norm:
    """`torch.nn.functional.batch_norm` in training mode; running statistics are brought up."""

    def forward(x: Tensor, weight: Parameter, bias: Parameter) -> tuple[Tensor, Tensor, Tensor]:
        z, mean, rstd = torch.native_batch_norm(
            x, weight, bias, running_mean, running_var, True, momentum, eps
        )
        return z, mean.unsqueeze(0), rstd.unsqueeze(0)

    def backward(
        dz: Tensor, x: Tensor, weight: Parameter, mean: Tensor, rstd: Tensor
    ) -> _Gradients:
        mask = [True, weight is not None, True]
        found: _Gradients = torch.ops.aten.native_batch_norm_backward(
            dz, x, weight, None, None, mean[0], rstd[0], True, eps, mask
        )
        return found

    def operations(x: Tensor, weight: Parameter, bias: Parameter) -> Tensor:
        z = F.batch_norm(x, None, None, weight, bias, True, 0.0, eps)
        return OPERATORS.mish.default(z)  # type: ignore[no-any-return]

    return Norm(forward, backward, operations)


def of_training(running_mean: Tensor, running_var: Tensor, eps: float) -> Norm:
    """`torch.nn.functional.batch_norm` in evaluation mode, in wide arithmetic."""

    def z(x: Tensor, weight: Parameter, bias: Parameter) -> Tensor:
        wide = wide_dtype(x)
        statistics = (running_mean.to(wide), running_var.to(wide))
        weight, bias = (None if v is None else v.to(wide) for v in (weight, bias))
        return F.batch_norm(x.to(wide), *statistics, weight, bias, False, 0.0, eps)

    def forward(x: Tensor, weight: Parameter, bias: Parameter) -> tuple[Tensor, Tensor, Tensor]:
        wide = wide_dtype(x)
        rstd = torch.rsqrt(running_var.to(wide) + eps)
        return z(x, weight, bias), running_mean.to(wide, copy=True).unsqueeze(0), rstd.unsqueeze(0)

    def backward(
        dz: Tensor, x: Tensor, weight: Parameter, mean: Tensor, rstd: Tensor
    ) -> _Gradients:
        slope = by_channel(rstd[0], x)
        by_weight = sum_by_channel(dz * (x - by_channel(mean[0], x))) * rstd[0]
        if weight is not None:
            slope = slope * by_channel(weight, x)
        return dz * slope, by_weight, sum_by_channel(dz)

    def operations(x: Tensor, weight: Parameter, bias: Parameter) -> Tensor:
        return OPERATORS.mish.default(z(x, weight, bias)).to(x.dtype)  # type: ignore[no-any-return]

    return Norm(forward, backward, operations, frozen=True)


def of_groups(groups: int, eps: float) -> Norm:
    """`torch.nn.functional.group_norm`, in wide arithmetic."""

    def forward(x: Tensor, weight: Parameter, bias: Parameter) -> tuple[Tensor, Tensor, Tensor]:
        wide = dense(x)
        weight, bias = (None if v is None else v.to(wide.dtype) for v in (weight, bias))
        return torch.native_group_norm(wide, weight, bias, *sizes(x), groups, eps)

    def backward(
        dz: Tensor, x: Tensor, weight: Parameter, mean: Tensor, rstd: Tensor
    ) -> _Gradients:
        wide = dense(x)
        # PyTorch gives the sums by channel only where there is a weight.
        weight = wide.new_ones(x.shape[1]) if weight is None else weight.to(wide.dtype)
        found: _Gradients = torch.ops.aten.native_group_norm_backward(
            dense(dz), wide, mean, rstd, weight, *sizes(x), groups, [True, True, True]
        )
        return found

    def operations(x: Tensor, weight: Parameter, bias: Parameter) -> Tensor:
        z = group_norm(x, weight, bias, groups, eps)
        return OPERATORS.mish.default(z).to(x.dtype)  # type: ignore[no-any-return]

    return Norm(forward, backward, operations)
