"""What `functional` means, as PyTorch's operations in the dtypes of their inputs.

It stands where programs are written down before the dtype is known: TorchScript, which compiles
these functions, and `torch.fx.symbolic_trace`.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def bias_mish(x: Tensor, bias: Tensor) -> Tensor:
    """See `functional.bias_mish`; the layout in memory stays."""
    return F.mish((x.transpose(1, -1) + bias).transpose(1, -1))


def batch_norm_mish(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
    training: bool,
    momentum: float,
) -> Tensor:
    """See `functional.batch_norm_mish`."""
    return F.mish(F.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps))


def group_norm_mish(
    x: Tensor, num_groups: int, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """See `functional.group_norm_mish`."""
    return F.mish(F.group_norm(x, num_groups, weight, bias, eps))
