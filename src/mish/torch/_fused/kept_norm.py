"""Normalisation and Mish that keep one tensor for the backward pass, where PyTorch keeps two.

PyTorch's pair z = w·(x − μ)/σ + b and y = mish(z), with weight and bias of the channel, keeps x for
the first and z for the second. Here is kept, beside μ and 1/σ,

- ``save="input"``: x, of which z is computed anew by one multiply-add;
- ``save="output"``: y, which the next layer mostly keeps as well. Mish is inverted on the side of
  its minimum that y's last bit tells, and x − μ = (z − b)·σ/w;
- ``save="output+bit"``: the same, with the side in a tensor of bits.

What w and b have drowned cannot be found in y: an error of z is one of the normalised x, divided by
|w|. So where |w| is small the channel keeps its rows of x besides; `_drowned` says how small. At
the minimum of Mish, z is known to the root of a last place only.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from mish.torch._fused.norms import Norm, Parameter
from mish.torch._fused.ops import by_channel, dense, like, through_operations, wide_dtype
from mish.torch._kept import ops  # noqa: F401  (defines the operators)
from mish.torch._ops import LIBRARY, OPERATORS

INPUT = "input"
SAVES = (INPUT, "output", "output+bit")
# Left of these Mish underflows to −0, whose inverse is −∞: that would spread to the whole channel.
_FARTHEST = {
    torch.float16: -20.4,
    torch.bfloat16: -97.5,
    torch.float32: -108.7,
    torch.float64: -751.8,
}


def require_save(save: str) -> None:
    """Raise ValueError unless ``save`` is one of `SAVES`."""
    if save not in SAVES:
        raise ValueError(
            f"save must be one of {', '.join(map(repr, SAVES))}, not {save!r}: a normalisation "
            "needs its input or its output besides the slope of Mish"
        )


def norm_mish(x: Tensor, weight: Parameter, bias: Parameter, norm: Norm, save: str) -> Tensor:
    """Mish of the normalised ``x``, which keeps what ``save`` says."""
    function = _KeepsInput if save == INPUT else _KeepsOutput
    y: Tensor = function.apply(x, weight, bias, norm, save)  # type: ignore[no-untyped-call]
    return y


class _KeepsInput(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Parameter, bias: Parameter, norm: Norm, save: str
    ) -> Tensor:
        z, mean, rstd = norm.forward(x, weight, bias)
        ctx.norm, ctx.dtype = norm, z.dtype
        ctx.save_for_backward(x, weight, bias, mean, rstd)
        OPERATORS.mish_.default(z)
        return z.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        x, weight, bias, mean, rstd = ctx.saved_tensors
        norm: Norm = ctx.norm
        if torch.is_grad_enabled():
            found = through_operations(ctx, dy, norm.operations, [x, weight, bias])
            return *found, None, None
        if _is_in_rows(dy, x, mean):
            return *_in_rows(norm, "input", dy, x, weight, bias, mean, rstd), None, None
        scale = _rows(rstd, x)
        if weight is not None:
            scale = scale * by_channel(weight, x)
        shift = -_rows(mean, x) * scale
        if bias is not None:
            shift = shift + by_channel(bias, x)
        dz = _backward_of_affine(dy.to(ctx.dtype), x, scale, shift)
        dx, dweight, dbias = norm.backward(dz, x, weight, mean, rstd)
        return like(dx, x), like(dweight, weight), like(dbias, bias), None, None


class _KeepsOutput(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Parameter, bias: Parameter, norm: Norm, save: str
    ) -> Tensor:
        z, mean, rstd = norm.forward(x, weight, bias)
        y = z.to(x.dtype)
        sides = None
        if save == "output":
            OPERATORS.marked_.default(y)
        else:
            sides = OPERATORS.sides.default(y)
            OPERATORS.mish_.default(y)
        drowned = _drowned(weight, bias, y.dtype)
        rows = None if drowned is None else x.index_select(1, drowned)
        ctx.norm, ctx.dtype = norm, z.dtype
        ctx.save_for_backward(y, sides, weight, bias, mean, rstd, drowned, rows)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        with torch.no_grad():
            found = _from_output(ctx, dy)
        if torch.is_grad_enabled():
            y = ctx.saved_tensors[0]  # through which a second derivative would go on
            found = tuple(None if v is None else _Last.apply(v, y) for v in found)  # type: ignore[no-untyped-call]
        return *found, None, None


def _from_output(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
    y, sides, weight, bias, mean, rstd, drowned, rows = ctx.saved_tensors
    y = y.detach()
    norm: Norm = ctx.norm
    if _is_in_rows(dy, y, mean):
        kept = ("output", y) if sides is None else ("z", OPERATORS.sided_inverse.default(y, sides))
        return _in_rows(norm, kept[0], dy, kept[1], weight, bias, mean, rstd, drowned, rows)
    z = (
        OPERATORS.marked_inverse.default(y)
        if sides is None
        else OPERATORS.sided_inverse.default(y, sides)
    )
    z = z.to(ctx.dtype).clamp_(min=_FARTHEST[y.dtype])
    scale = _rows(rstd, z)
    if weight is not None:
        scale = scale * by_channel(weight, z)
    scale = 1 / scale
    shift = torch.zeros_like(scale) if bias is None else -by_channel(bias, z) * scale
    dz = _backward_then_affine(dy.to(ctx.dtype), z, scale, shift)  # z is x − μ from here on
    if drowned is not None:
        centred = rows - _rows(mean, y).index_select(1, drowned)
        z.index_copy_(1, drowned, centred.to(z.dtype))
    dx, dweight, dbias = norm.backward(dz, z, weight, torch.zeros_like(mean), rstd)
    return like(dx, y), like(dweight, weight), like(dbias, bias)


class _Last(torch.autograd.Function):
    """A gradient that has no derivative."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, y: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> Any:
        raise RuntimeError(
            "a normalisation with Mish that keeps its output has no second derivative: its "
            'statistics depend on an input that is gone; use save="input"'
        )


def _drowned(weight: Parameter, bias: Parameter, dtype: torch.dtype) -> Tensor | None:
    """The channels whose normalised values cannot be told from y, if there are any.

    There an error of half a last place of z, relative to 1 or to |b|, whichever is larger, is more
    than √ε/8 of the normalised value. To look takes a CUDA device's whole queue.
    """
    if weight is None and bias is None:
        return None
    least = 4 * math.sqrt(torch.finfo(dtype).eps)
    size = 1.0 if weight is None else weight.detach().abs()
    bound = least if bias is None else least * bias.detach().abs().clamp(min=1)
    found = torch.as_tensor(size < bound).nonzero().flatten()
    return found if found.numel() else None


def _rows(statistic: Tensor, x: Tensor) -> Tensor:
    """The statistic of each channel's group, in a shape that broadcasts to ``x``."""
    rows = statistic.to(wide_dtype(x))
    rows = rows.repeat_interleave(x.shape[1] // rows.shape[1], 1)
    return rows.reshape(*rows.shape, *[1] * (x.dim() - 2))


_WHAT = {"input": 0, "output": 1, "z": 2}  # is kept, or found again


def _is_in_rows(dy: Tensor, kept: Tensor, mean: Tensor) -> bool:
    """Whether the CPU's kernel serves: each channel of a sample is a row in memory."""
    same = kept.dtype == dy.dtype == mean.dtype and kept.dtype.itemsize >= 4
    lies = kept.is_cpu and kept.is_contiguous() and kept.numel() > 0
    return same and lies and math.prod(kept.shape[2:]) > 1


def _in_rows(
    norm: Norm,
    what: str,
    dy: Tensor,
    kept: Tensor,
    weight: Parameter,
    bias: Parameter,
    mean: Tensor,
    rstd: Tensor,
    drowned: Tensor | None = None,
    rows: Tensor | None = None,
) -> tuple[Tensor | None, ...]:
    """The gradients by x, weight and bias, where the kernel serves."""
    channels, dtype = kept.shape[1], kept.dtype
    ones = kept.new_ones(channels) if weight is None else weight.detach().to(dtype).contiguous()
    zeros = kept.new_zeros(channels) if bias is None else bias.detach().to(dtype).contiguous()
    if drowned is None or rows is None:
        drowned, rows = kept.new_empty(0, dtype=torch.int64), kept.new_empty(0)
    statistics = (mean.contiguous(), rstd.contiguous())
    dx, dweight, dbias = OPERATORS._norm_mish_backward.default(
        dy,
        kept,
        ones,
        zeros,
        *statistics,
        drowned,
        rows.contiguous(),
        _WHAT[what],
        norm.frozen,
        _FARTHEST[dtype],
    )
    return dx, None if weight is None else like(dweight, weight), like(dbias, bias)


def _backward_of_affine(dy: Tensor, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """dy·mish′(scale·x + shift)."""
    if _is_channels_last(dy, x, scale):
        dz: Tensor = OPERATORS._backward_of_affine.default(dy, x, scale.flatten(), shift.flatten())
        return dz
    z = (x.to(scale.dtype) * scale).add_(shift)
    return OPERATORS.backward.default(dy, z.to(dy.dtype))  # type: ignore[no-any-return]


def _backward_then_affine(dy: Tensor, z: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """dy·mish′(z); ``z`` becomes scale·z + shift."""
    if _is_channels_last(dy, z, scale):
        return OPERATORS._backward_then_affine_.default(  # type: ignore[no-any-return]
            dy, z, scale.flatten(), shift.flatten()
        )
    dz: Tensor = OPERATORS.backward.default(dy, z)
    z.mul_(scale).add_(shift)
    return dz


def _is_channels_last(dy: Tensor, x: Tensor, scale: Tensor) -> bool:
    """Whether kernels of the CPU serve: the channel changes from one number to the next."""
    if not (x.is_cpu and x.dtype == dy.dtype == scale.dtype and scale.shape[0] == 1):
        return False
    places = math.prod(x.shape[2:])
    return dense(x) is x and (places == 1 or not x.is_contiguous())


def _define() -> None:
    """The operators of the CPU's kernels; `_is_channels_last`, `_is_in_rows` say for what."""
    arguments = "Tensor scale, Tensor shift) -> Tensor"
    LIBRARY.define(f"_backward_of_affine(Tensor dy, Tensor x, {arguments}")
    LIBRARY.define(f"_backward_then_affine_(Tensor dy, Tensor(a!) z, {arguments}")
    LIBRARY.define(
        "_norm_mish_backward(Tensor dy, Tensor kept, Tensor weight, Tensor bias, Tensor mean, "
        "Tensor rstd, Tensor drowned, Tensor rows, int what, bool frozen, float least) "
        "-> (Tensor, Tensor, Tensor)"
    )


_define()
