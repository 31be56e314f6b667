"""Tensors in, tensors out: the kernels of `channels` and `group_norm`.

Kernels are compiled for what a layer fixes (channels, groups) and for a tiling; numbers of samples
and, but for tilings that cover them exactly, of places are told when they are launched.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
from torch import Tensor

from mish.torch._triton import channels, group_norm, large_group_norm, launch, plans

# Of a thread. Backward passes need registers for sums, and loops share the cost of the tile.
_FORWARD, _BACKWARD = 32, 16
_WIDEST = 128  # channels of a program, at most, in sums over channels
_PROGRAMS = 2048  # of these, so that every multiprocessor has several
_NARROW = 2**31 - 2**16


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


def _places(x: Tensor) -> int:
    return x.numel() // (x.shape[0] * x.shape[1])


def affine_launch(
    x: Tensor, last: bool, backward: bool
) -> tuple[Any, tuple[int, ...], dict[str, Any]]:
    """How mish(x·scale + shift) is launched: the kernel, the grid, and arguments by name.

    What is not among the arguments is tensors and ``has_scale``. Of ``x`` only the shape and the
    dtype count.
    """
    count = x.shape[1]
    columns = count if last else _places(x)
    rows = x.numel() // (columns if last or not backward else count * columns)
    elements = (_BACKWARD if backward else _FORWARD) * 4 // max(4, x.element_size())
    widest = _WIDEST if last and backward else None
    tiling, warps = plans.one_by_one(rows, columns, x.element_size(), elements, widest)
    arguments = {
        "rows": rows,
        "columns": columns,
        "channels": count,
        "last": last,
        "tiling": plans.for_any_number(tiling),
        "wide": x.numel() > _NARROW,
        "num_warps": warps,
        "enable_fp_fusion": False,
    }
    if not backward:
        arguments["function"] = launch.function_for(x.dtype, 0)
        return channels.forward, (tiling.rows * tiling.columns,), arguments
    blocks = tiling.columns if last else count
    parts = triton.cdiv(_PROGRAMS, blocks)
    across = 1 if last else min(tiling.columns, triton.cdiv(parts, tiling.rows))
    rows_of_part = triton.cdiv(tiling.rows, parts) * tiling.block_rows
    columns_of_part = triton.cdiv(tiling.columns, across) * tiling.block_columns
    arguments["rows_of_part"] = rows_of_part
    arguments["columns_of_part"] = columns_of_part
    arguments["first"] = launch.function_for(x.dtype, 1)
    across = 1 if last else triton.cdiv(columns, columns_of_part)
    grid = blocks, triton.cdiv(rows, rows_of_part), across
    return channels.backward, grid, arguments


def affine(x: Tensor, scale: Tensor | None, shift: Tensor) -> Tensor:
    """mish(x·scale + shift); scale and shift have one number for each channel."""
    x, last = _matrix(x)
    y = torch.empty_like(x)
    if x.numel() == 0:
        return y
    kernel, grid, arguments = affine_launch(x, last, backward=False)
    with torch.cuda.device_of(x):
        kernel[grid](
            y,
            x,
            shift if scale is None else scale.contiguous(),
            shift.contiguous(),
            has_scale=scale is not None,
            **arguments,
        )
    return y


def affine_backward(
    dy: Tensor, x: Tensor, scale: Tensor | None, shift: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients by x, scale and shift."""
    x, last = _matrix(x)
    dy = _laid_out(dy, last)
    dx = torch.empty_like(x)
    if x.numel() == 0:
        return dx, *_zeros(x)
    kernel, grid, arguments = affine_launch(x, last, backward=True)
    sums = torch.empty((2, grid[1] * grid[2], x.shape[1]), dtype=_arithmetic(x), device=x.device)
    with torch.cuda.device_of(x):
        kernel[grid](
            dx,
            sums[0],
            sums[1],
            dy,
            x,
            shift if scale is None else scale.contiguous(),
            shift.contiguous(),
            has_scale=scale is not None,
            **arguments,
        )
    return dx, sums[0].sum(0), sums[1].sum(0)


def group_norm_launch(
    x: Tensor, groups: int, last: bool, backward: bool
) -> tuple[Any, tuple[int, ...], dict[str, Any]]:
    """How mish of a group normalisation is launched: the kernel, the grid, and arguments by name.

    What is not among the arguments is tensors, ``has_weight``, ``has_bias`` and ``eps``. Of ``x``
    only the shape and the dtype count.
    """
    depth = x.shape[1] // groups
    rows, columns = (_places(x), depth) if last else (depth, _places(x))
    plan = plans.in_registers(rows, columns, x.element_size(), last, backward)
    module = large_group_norm if plan is None else group_norm
    if plan is None:
        tiling, warps = plans.one_by_one(rows, columns, x.element_size(), _BACKWARD)
        tiling = plans.for_any_number(tiling)
    else:
        tiling, warps = plan
    arguments = {
        "places": _places(x),
        "groups": groups,
        "depth": depth,
        "last": last,
        "tiling": tiling,
        "wide": x.numel() > _NARROW,
        "num_warps": warps,
        "enable_fp_fusion": False,
    }
    arguments["first" if backward else "function"] = launch.function_for(x.dtype, int(backward))
    return module.backward if backward else module.forward, (x.shape[0] * groups,), arguments


def group_norm_forward(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Mish of the normalised x, the means of the groups, and 1/√(variance + eps)."""
    x, last = _matrix(x)
    y = torch.empty_like(x)
    mean, rstd = (x.new_empty(x.shape[0], groups, dtype=_arithmetic(x)) for _ in range(2))
    if x.numel() == 0:
        return y, mean, rstd
    kernel, grid, arguments = group_norm_launch(x, groups, last, backward=False)
    with torch.cuda.device_of(x):
        kernel[grid](
            y,
            mean,
            rstd,
            x,
            x if weight is None else weight.contiguous(),
            x if bias is None else bias.contiguous(),
            eps=eps,
            has_weight=weight is not None,
            has_bias=bias is not None,
            **arguments,
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
    kernel, grid, arguments = group_norm_launch(x, groups, last, backward=True)
    with torch.cuda.device_of(x):
        kernel[grid](
            dx,
            sums[0],
            sums[1],
            dy,
            x,
            mean,
            rstd,
            x if weight is None else weight.contiguous(),
            x if bias is None else bias.contiguous(),
            has_weight=weight is not None,
            has_bias=bias is not None,
            **arguments,
        )
    return dx, sums[0].sum(0), sums[1].sum(0)
