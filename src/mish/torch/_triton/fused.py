"""Tensors in, tensors out: the kernels of `channels` and `group_norm`."""

from __future__ import annotations

from typing import Any

import torch
import triton
from torch import Tensor

from mish.torch._triton import channels, group_norm, large_group_norm, launch, plans

_TILE = 4096  # elements of a program at a time
_PARTS = 64  # of the rows, at most, in sums over channels
_NARROW = 2**31 - 2**16


def _options(elements: int) -> dict[str, Any]:
    return {"num_warps": max(1, min(8, elements // 512)), "enable_fp_fusion": False}


def _tile(rows: int, columns: int) -> tuple[int, int]:
    """Powers of two that cover a matrix, or a tile of it as wide as it is worth."""
    wide = min(triton.next_power_of_2(columns), _TILE)
    return min(triton.next_power_of_2(rows), max(1, _TILE // wide)), wide


def _matrix(x: Tensor) -> tuple[Tensor, bool]:
    """``x`` or a dense copy, and whether its channels come last."""
    if x.is_contiguous():
        return x, False
    ends = torch.movedim(x, 1, -1)
    if ends.is_contiguous():
        return x, True
    return x.contiguous(), False


def _laid_out(dy: Tensor, last: bool) -> Tensor:
    if not last:
        return dy.contiguous()
    return torch.movedim(torch.movedim(dy, 1, -1).contiguous(), -1, 1)


def _arithmetic(x: Tensor) -> torch.dtype:
    return torch.float64 if x.dtype == torch.float64 else torch.float32


def _zeros(x: Tensor) -> tuple[Tensor, Tensor]:
    """The sums over channels of nothing."""
    zeros = x.new_zeros(x.shape[1], dtype=_arithmetic(x))
    return zeros, zeros.clone()


def affine(x: Tensor, scale: Tensor | None, shift: Tensor) -> Tensor:
    """mish(x·scale + shift); scale and shift have one number for each channel."""
    x, last = _matrix(x)
    y = torch.empty_like(x)
    if x.numel() == 0:
        return y
    columns = x.shape[1] if last else x.numel() // (x.shape[0] * x.shape[1])
    rows = x.numel() // columns
    block_rows, block_columns = _tile(rows, columns)
    with torch.cuda.device_of(x):
        channels.forward[(triton.cdiv(rows, block_rows), triton.cdiv(columns, block_columns))](
            y,
            x,
            shift if scale is None else scale.contiguous(),
            shift.contiguous(),
            rows,
            columns,
            x.shape[1],
            function=launch.function_for(x.dtype, 0),
            last=last,
            has_scale=scale is not None,
            block_rows=block_rows,
            block_columns=block_columns,
            wide=x.numel() > _NARROW,
            **_options(block_rows * block_columns),
        )
    return y


def affine_backward(
    dy: Tensor, x: Tensor, scale: Tensor | None, shift: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients by x, scale and shift."""
    x, last = _matrix(x)
    dy = _laid_out(dy, last)
    count = x.shape[1]
    dx = torch.empty_like(x)
    if x.numel() == 0:
        return dx, *_zeros(x)
    columns = count if last else x.numel() // (x.shape[0] * count)
    rows = x.numel() // count if last else x.shape[0]
    block_rows, block_columns = _tile(rows, columns)
    if last:
        block_columns = min(block_columns, 128)
        block_rows = min(triton.next_power_of_2(rows), _TILE // block_columns)
    parts = min(_PARTS, triton.cdiv(rows, block_rows))
    sums = torch.empty((2, parts, count), dtype=_arithmetic(x), device=x.device)
    with torch.cuda.device_of(x):
        channels.backward[(triton.cdiv(count, block_columns) if last else count, parts)](
            dx,
            sums[0],
            sums[1],
            dy,
            x,
            shift if scale is None else scale.contiguous(),
            shift.contiguous(),
            rows,
            columns,
            count,
            triton.cdiv(rows, parts),
            first=launch.function_for(x.dtype, 1),
            last=last,
            has_scale=scale is not None,
            block_rows=block_rows,
            block_columns=block_columns,
            wide=x.numel() > _NARROW,
            **_options(block_rows * block_columns),
        )
    return dx, sums[0].sum(0), sums[1].sum(0)


def _group_norm(x: Tensor, groups: int, last: bool, backward: bool) -> tuple[Any, dict[str, Any]]:
    """The kernel, and what forward and backward launches have in common."""
    depth = x.shape[1] // groups
    places = x.numel() // (x.shape[0] * x.shape[1])
    rows, columns = (places, depth) if last else (depth, places)
    plan = plans.in_registers(rows, columns, x.element_size(), arrays=2 if backward else 1)
    module = large_group_norm if plan is None else group_norm
    tiling, warps = plan or plans.in_loops(rows, columns, x.element_size())
    return module.backward if backward else module.forward, {
        "places": places,
        "groups": groups,
        "depth": depth,
        "last": last,
        "tiling": tiling,
        "wide": x.numel() > _NARROW,
        "num_warps": warps,
        "enable_fp_fusion": False,
    }


def group_norm_forward(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Mish of the normalised x, the means of the groups, and 1/√(variance + eps)."""
    x, last = _matrix(x)
    y = torch.empty_like(x)
    mean, rstd = (x.new_empty(x.shape[0], groups, dtype=_arithmetic(x)) for _ in range(2))
    if x.numel() == 0:
        return y, mean, rstd
    kernel, options = _group_norm(x, groups, last, backward=False)
    with torch.cuda.device_of(x):
        kernel[(x.shape[0] * groups,)](
            y,
            mean,
            rstd,
            x,
            x if weight is None else weight.contiguous(),
            x if bias is None else bias.contiguous(),
            eps=eps,
            function=launch.function_for(x.dtype, 0),
            has_weight=weight is not None,
            has_bias=bias is not None,
            **options,
        )
    return y, mean, rstd


def group_norm_backward(
    dy: Tensor,
    x: Tensor,
    mean: Tensor,
    rstd: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    groups: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients by x, weight and bias."""
    x, last = _matrix(x)
    dy = _laid_out(dy, last)
    dx = torch.empty_like(x)
    if x.numel() == 0:
        return dx, *_zeros(x)
    sums = torch.empty((2, x.shape[0], x.shape[1]), dtype=_arithmetic(x), device=x.device)
    kernel, options = _group_norm(x, groups, last, backward=True)
    with torch.cuda.device_of(x):
        kernel[(x.shape[0] * groups,)](
            dx,
            sums[0],
            sums[1],
            dy,
            x,
            mean,
            rstd,
            x if weight is None else weight.contiguous(),
            x if bias is None else bias.contiguous(),
            first=launch.function_for(x.dtype, 1),
            has_weight=weight is not None,
            has_bias=bias is not None,
            **options,
        )
    return dx, sums[0].sum(0), sums[1].sum(0)
