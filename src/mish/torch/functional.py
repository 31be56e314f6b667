"""Mish together with what stands before it in networks: a bias, a normalisation.

On CUDA devices that is one pass over memory instead of two to five. In training a normalisation and
Mish keep one tensor for the backward pass, where PyTorch's pair keeps two. Elsewhere it is
PyTorch's operation and Mish in its place; so it is under `torch.compile` and `torch.func`, which
fuse and transform by themselves. 16-bit dtypes are computed in float32 and rounded once, but for
batch normalisation in training mode, which PyTorch rounds before Mish.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.jit import is_scripting  # type: ignore[attr-defined]
from torch.nn.functional import (  # type: ignore[attr-defined]
    _verify_batch_size as verify_batch_size,
)

from mish.torch._functions import mish
from mish.torch._fused import kept_norm, norms, ops, unfused
from mish.torch._ops import OPERATORS
from mish.torch._tracing import PLAIN, is_eager, is_symbolic, is_traced

__all__ = ["batch_norm_mish", "bias_mish", "group_norm_mish"]


def bias_mish(x: Tensor, bias: Tensor) -> Tensor:
    """mish(x + bias), where each channel has its own bias.

    Args:
        x: tensor of shape (N, C, ...), float16, bfloat16, float32 or float64; 16-bit dtypes are
            computed in float32 and rounded once.
        bias: tensor of shape (C,).

    Returns:
        A tensor of the shape and dtype of ``x``; channels that come last in memory stay last.

    Raises:
        ValueError: if ``x`` has fewer than two dimensions, or ``bias`` not the shape (C,).
        TypeError: if ``x`` is of no floating-point dtype.
    """
    if is_scripting():
        return unfused.bias_mish(x, bias)
    else:  # which TorchScript does not compile
        return _bias_mish(x, bias)


def _bias_mish(x: Tensor, bias: Tensor) -> Tensor:
    if is_symbolic(x):
        return unfused.bias_mish(x, bias)
    _check(x, bias=bias)
    if _fuses(x, bias):
        y: Tensor = OPERATORS.affine_mish.default(x, None, bias)
        return y
    return _mish_of(ops.affine(x, None, bias), x)


def batch_norm_mish(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    training: bool = False,
    momentum: float = 0.1,
    save: str = "input",
) -> Tensor:
    """mish(batch_norm(x)); arguments as of `torch.nn.functional.batch_norm`.

    Args:
        x: tensor of shape (N, C, ...); see `bias_mish`.
        running_mean: tensor of shape (C,); or None, when ``training``.
        running_var: the same.
        weight: tensor of shape (C,), or None for ones.
        bias: tensor of shape (C,), or None for zeros.
        eps: added to the variance.
        training: normalise by the statistics of ``x`` and bring the running ones up to date.
        momentum: the share of ``x`` in them.
        save: what is kept for the backward pass, ``"input"``, ``"output"`` or ``"output+bit"``; see
            docs/memory.md.

    Returns:
        A tensor of the shape and dtype of ``x``.

    Raises:
        ValueError: if ``x`` has fewer than two dimensions, one of the others not the shape (C,),
            ``training`` finds one number for a channel, or ``save`` is none of the three.
        TypeError: if ``x`` is of no floating-point dtype.
    """
    if is_scripting():
        return unfused.batch_norm_mish(
            x, running_mean, running_var, weight, bias, eps, training, momentum
        )
    else:  # which TorchScript does not compile
        return _batch_norm_mish(
            x, running_mean, running_var, weight, bias, eps, training, momentum, save
        )


def _batch_norm_mish(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
    training: bool,
    momentum: float,
    save: str,
) -> Tensor:
    if is_symbolic(x):
        return unfused.batch_norm_mish(
            x, running_mean, running_var, weight, bias, eps, training, momentum
        )
    _check(x, save, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if training:
        if not _keeps(x, weight, bias):
            z = F.batch_norm(x, running_mean, running_var, weight, bias, True, momentum, eps)
            return _mish_of(z, x)
        verify_batch_size(list(x.shape))
        norm = norms.of_batch(running_mean, running_var, momentum, eps)
        return kept_norm.norm_mish(x, weight, bias, norm, save)
    if running_mean is None or running_var is None:
        raise ValueError("running_mean and running_var may be None only when training")
    wide = ops.wide_dtype(x)
    mean, var = running_mean.to(wide), running_var.to(wide)
    if _keeps(x, weight, bias, mean, var) and not (save == "input" and x.is_cuda):
        norm = norms.of_training(mean, var, eps)
        return kept_norm.norm_mish(x, weight, bias, norm, save)
    weight, bias = (None if v is None else v.to(wide) for v in (weight, bias))
    if _fuses(x, mean, var, weight, bias):
        scale = torch.rsqrt(var + eps) if weight is None else torch.rsqrt(var + eps) * weight
        shift = -mean * scale if bias is None else bias - mean * scale
        y: Tensor = OPERATORS.affine_mish.default(x, scale, shift)
        return y
    return _mish_of(F.batch_norm(x.to(wide), mean, var, weight, bias, False, 0.0, eps), x)


def group_norm_mish(
    x: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    save: str = "input",
) -> Tensor:
    """mish(group_norm(x)); arguments as of `torch.nn.functional.group_norm`.

    Args:
        x: tensor of shape (N, C, ...); see `bias_mish`. Under CUDA's autocast it becomes float32,
            as PyTorch's group_norm does.
        num_groups: into how many groups the channels are divided.
        weight: tensor of shape (C,), or None for ones.
        bias: tensor of shape (C,), or None for zeros.
        eps: added to the variance.
        save: what is kept for the backward pass, ``"input"``, ``"output"`` or ``"output+bit"``; see
            docs/memory.md.

    Returns:
        A tensor of the shape and dtype of ``x``.

    Raises:
        ValueError: if ``x`` has fewer than two dimensions, ``num_groups`` does not divide C,
            ``weight`` or ``bias`` has not the shape (C,), or ``save`` is none of the three.
        TypeError: if ``x`` is of no floating-point dtype.
    """
    if is_scripting():
        return unfused.group_norm_mish(x, num_groups, weight, bias, eps)
    else:  # which TorchScript does not compile
        return _group_norm_mish(x, num_groups, weight, bias, eps, save)


def _group_norm_mish(
    x: Tensor, num_groups: int, weight: Tensor | None, bias: Tensor | None, eps: float, save: str
) -> Tensor:
    if is_symbolic(x):
        return unfused.group_norm_mish(x, num_groups, weight, bias, eps)
    _check(x, save, num_groups, weight=weight, bias=bias)
    if x.is_cuda and torch.is_autocast_enabled("cuda"):
        x = x.to(torch.promote_types(x.dtype, torch.float32))
    if _keeps(x, weight, bias) and not (save == "input" and x.is_cuda):
        return kept_norm.norm_mish(x, weight, bias, norms.of_groups(num_groups, eps), save)
    if _fuses(x, weight, bias):
        y: Tensor = OPERATORS.group_norm_mish.default(x, weight, bias, num_groups, eps)[0]
        return y
    return _mish_of(ops.group_norm(x, weight, bias, num_groups, eps), x)


def _mish_of(z: Tensor, x: Tensor) -> Tensor:
    """Mish of what was computed from ``x``, in its dtype; in place where nobody sees it."""
    return mish(z, inplace=_is_plain(z) and not z.requires_grad).to(x.dtype)


def _fuses(x: Tensor, *parameters: Tensor | None) -> bool:
    """Whether the fused operators serve these tensors and pay."""
    return x.is_cuda and _is_plain(x, *parameters)


def _is_plain(*tensors: Tensor | None) -> bool:
    """Whether nobody looks at single operations on these."""
    return is_eager() and all(v is None or type(v) in PLAIN for v in tensors)


def _keeps(x: Tensor, *parameters: Tensor | None) -> bool:
    """Whether autograd, and nobody else, records what is done to these."""
    recorded = torch.is_grad_enabled() and any(
        v is not None and v.requires_grad for v in (x, *parameters)
    )
    return recorded and _is_plain(x, *parameters)


def _check(
    x: Tensor, save: str = "input", num_groups: int = 1, **parameters: Tensor | None
) -> None:
    kept_norm.require_save(save)
    if is_traced():  # where sizes are no numbers; PyTorch's operations check them
        return
    if not x.is_floating_point():
        raise TypeError(f"x must have a floating-point dtype, not {x.dtype}; convert it first")
    if x.dim() < 2:
        raise ValueError(
            f"x must have the shape (N, C, ...), not {tuple(x.shape)}; add a dimension for N"
        )
    for name, v in parameters.items():
        if v is not None and tuple(v.shape) != (x.shape[1],):
            raise ValueError(
                f"{name} must have one number for each of the {x.shape[1]} channels of x (its "
                f"second dimension), so the shape ({x.shape[1]},), not {tuple(v.shape)}"
            )
    if num_groups < 1 or x.shape[1] % num_groups:
        raise ValueError(
            f"num_groups must divide the {x.shape[1]} channels of x (its second dimension), "
            f"and {num_groups} does not"
        )
