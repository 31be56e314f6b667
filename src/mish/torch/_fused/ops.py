"""The operators mish::affine_mish and mish::group_norm_mish, their backward passes and derivatives.

`functional` calls them for eager tensors on CUDA devices, where they are Triton kernels; elsewhere
they are the operations that they stand for. Kept for the backward pass are the inputs and the
statistics, not the normalised tensor. A second derivative goes through the operations, which
PyTorch differentiates.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from mish.torch._cuda import kernels_for
from mish.torch._ops import LIBRARY, OPERATORS

_Gradients = tuple[Tensor, Tensor, Tensor]


def wide_dtype(x: Tensor) -> torch.dtype:
    """The arithmetic of a dtype: float32 where it has 16 bits."""
    return torch.float32 if x.dtype.itemsize < 4 else x.dtype


def by_channel(v: Tensor, x: Tensor) -> Tensor:
    """A vector with one number for each channel, in the shape that broadcasts to ``x``."""
    return v.to(wide_dtype(x)).reshape(1, -1, *[1] * (x.dim() - 2))


def affine(x: Tensor, scale: Tensor | None, shift: Tensor) -> Tensor:
    """x·scale + shift by channel, in wide arithmetic."""
    wide = x.to(wide_dtype(x))
    if scale is None:
        return wide + by_channel(shift, x)
    return torch.addcmul(by_channel(shift, x), wide, by_channel(scale, x))


def _mish_inplace(y: Tensor, dtype: torch.dtype) -> Tensor:
    OPERATORS.mish_.default(y)
    return y.to(dtype)


def _affine_mish(x: Tensor, scale: Tensor | None, shift: Tensor) -> Tensor:
    return _mish_inplace(affine(x, scale, shift), x.dtype)


def sum_by_channel(v: Tensor) -> Tensor:
    return v.sum([d for d in range(v.dim()) if d != 1])


def _affine_backward(dy: Tensor, x: Tensor, scale: Tensor | None, shift: Tensor) -> _Gradients:
    wide = x.to(wide_dtype(x))
    dz = OPERATORS.backward.default(dy.to(wide.dtype), affine(x, scale, shift))
    dx = dz if scale is None else dz * by_channel(scale, x)
    return dx.to(x.dtype), sum_by_channel(dz * wide), sum_by_channel(dz)


def sizes(x: Tensor) -> tuple[int, int, int]:
    """Samples, channels, places."""
    return x.shape[0], x.shape[1], x[:1, :1].numel()


def group_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float
) -> Tensor:
    """PyTorch's normalisation, in wide arithmetic."""
    wide = x.to(wide_dtype(x))
    weight, bias = (None if v is None else v.to(wide.dtype) for v in (weight, bias))
    return torch.nn.functional.group_norm(wide, groups, weight, bias, eps)


def dense(x: Tensor) -> Tensor:
    """In wide arithmetic and in a memory format that PyTorch's own kernels take."""
    wide = x.to(wide_dtype(x))
    last = {4: torch.channels_last, 5: torch.channels_last_3d}.get(x.dim())
    if last is not None and wide.is_contiguous(memory_format=last):
        return wide
    return wide.contiguous()


def _group_norm_mish(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    wide = dense(x)
    weight, bias = (None if v is None else v.to(wide.dtype) for v in (weight, bias))
    y, mean, rstd = torch.native_group_norm(wide, weight, bias, *sizes(x), groups, eps)
    return _mish_inplace(y, x.dtype), mean, rstd


def _group_norm_backward(
    dy: Tensor,
    x: Tensor,
    mean: Tensor,
    rstd: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    groups: int,
) -> _Gradients:
    wide = dense(x)
    grouped = wide.view(x.shape[0], groups, -1, *x.shape[2:])
    ones = [1] * (grouped.dim() - 2)
    z = ((grouped - mean.view(*mean.shape, *ones)) * rstd.view(*rstd.shape, *ones)).flatten(1, 2)
    # PyTorch gives the sums by channel only where there is a weight.
    weight = wide.new_ones(x.shape[1]) if weight is None else weight.to(wide.dtype)
    z = z * by_channel(weight, x)
    if bias is not None:
        z = z + by_channel(bias, x)
    dz = dense(OPERATORS.backward.default(dy.to(wide.dtype), z))
    dx, dweight, dbias = torch.ops.aten.native_group_norm_backward(
        dz, wide, mean, rstd, weight, *sizes(x), groups, [True, True, True]
    )
    return dx.to(x.dtype), dweight, dbias


# PyTorch 2.10 has 3.6; nobody has tried what is older than 3.5.
_LEAST_TRITON = (3, 5)


@functools.cache
def _can_fuse(version: str) -> bool:
    major, minor, *_ = version.split(".")
    return (int(major), int(minor)) >= _LEAST_TRITON


def _fused_kernels(x: Tensor) -> ModuleType | None:
    if kernels_for(x) is None:
        return None
    import triton

    if not _can_fuse(triton.__version__):
        return None
    from mish.torch._triton import fused

    return fused


def _on_cuda(name: str, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    def kernel(*arguments: Any) -> Any:
        x = arguments[_INPUT[name]]
        fused = _fused_kernels(x)
        return otherwise(*arguments) if fused is None else getattr(fused, name)(*arguments)

    return kernel


def _empty(x: Tensor) -> Tensor:
    return torch.empty_like(x)


def _meta_affine(x: Tensor, scale: Tensor | None, shift: Tensor) -> Tensor:
    return _empty(x)


def _meta_affine_backward(dy: Tensor, x: Tensor, scale: Tensor | None, shift: Tensor) -> _Gradients:
    dscale, dshift = (x.new_empty(x.shape[1], dtype=wide_dtype(x)) for _ in range(2))
    return _empty(x), dscale, dshift


def _meta_group_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    mean, rstd = (x.new_empty(x.shape[0], groups, dtype=wide_dtype(x)) for _ in range(2))
    return _empty(x), mean, rstd


def _meta_group_norm_backward(dy: Tensor, x: Tensor, *_: object) -> _Gradients:
    return _meta_affine_backward(dy, x, None, x)


# Where x is among the arguments.
_INPUT = {"affine": 0, "affine_backward": 1, "group_norm_forward": 0, "group_norm_backward": 1}

_AFFINE = "Tensor x, Tensor? scale, Tensor shift"
_AFFINE_BACKWARD = f"Tensor dy, {_AFFINE}"
_GROUP = "Tensor x, Tensor? weight, Tensor? bias, int groups, float eps"
_GROUP_BACKWARD = (
    "Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor? weight, Tensor? bias, int groups"
)
_THREE = "(Tensor, Tensor, Tensor)"
_OPERATORS = (
    ("affine_mish", _AFFINE, "Tensor", _affine_mish, "affine", _meta_affine),
    (
        "affine_mish_backward",
        _AFFINE_BACKWARD,
        _THREE,
        _affine_backward,
        "affine_backward",
        _meta_affine_backward,
    ),
    (
        "group_norm_mish",
        _GROUP,
        _THREE,
        _group_norm_mish,
        "group_norm_forward",
        _meta_group_norm,
    ),
    (
        "group_norm_mish_backward",
        _GROUP_BACKWARD,
        _THREE,
        _group_norm_backward,
        "group_norm_backward",
        _meta_group_norm_backward,
    ),
)


def like(gradient: Tensor | None, v: Tensor | None) -> Tensor | None:
    return None if v is None or gradient is None else gradient.to(v.dtype)


def through_operations(
    ctx: Any, dy: Tensor, function: Callable[..., Tensor], inputs: list[Tensor | None]
) -> list[Tensor | None]:
    """The gradients by those inputs that need one, as operations that can be differentiated."""
    wanted = {i: v for i, v in enumerate(inputs) if v is not None and ctx.needs_input_grad[i]}
    with torch.enable_grad():
        y = function(*inputs)
        found = torch.autograd.grad(y, list(wanted.values()), dy, create_graph=True)
    by_place = dict(zip(wanted, found, strict=True))
    return [by_place.get(i) for i in range(len(inputs))]


def affine_operations(x: Tensor, scale: Tensor | None, shift: Tensor) -> Tensor:
    """What mish::affine_mish stands for."""
    return OPERATORS.mish.default(affine(x, scale, shift)).to(x.dtype)  # type: ignore[no-any-return]


def group_norm_operations(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float
) -> Tensor:
    """What mish::group_norm_mish stands for."""
    z = group_norm(x, weight, bias, groups, eps)
    return OPERATORS.mish.default(z).to(x.dtype)  # type: ignore[no-any-return]


def _save_affine(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    ctx.save_for_backward(*inputs)


def _affine_gradients(ctx: Any, dy: Tensor) -> Any:
    x, scale, shift = ctx.saved_tensors
    if torch.is_grad_enabled():
        return tuple(through_operations(ctx, dy, affine_operations, [x, scale, shift]))
    dx, dscale, dshift = OPERATORS.affine_mish_backward.default(dy, x, scale, shift)
    return dx, like(dscale, scale), like(dshift, shift)


def _save_group_norm(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    x, weight, bias, ctx.groups, ctx.eps = inputs
    _, mean, rstd = output
    ctx.save_for_backward(x, weight, bias, mean, rstd)
    ctx.mark_non_differentiable(mean, rstd)


def _group_norm_gradients(ctx: Any, dy: Tensor, *_: object) -> Any:
    x, weight, bias, mean, rstd = ctx.saved_tensors
    if torch.is_grad_enabled():

        def function(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
            return group_norm_operations(x, weight, bias, ctx.groups, ctx.eps)

        gradients = through_operations(ctx, dy, function, [x, weight, bias])
    else:
        dx, dweight, dbias = OPERATORS.group_norm_mish_backward.default(
            dy, x, mean, rstd, weight, bias, ctx.groups
        )
        gradients = [dx, like(dweight, weight), like(dbias, bias)]
    return *gradients, None, None


def _register() -> None:
    for name, arguments, result, function, kernel, meta in _OPERATORS:
        LIBRARY.define(f"{name}({arguments}) -> {result}", tags=torch.Tag.pt2_compliant_tag)
        LIBRARY.impl(name, function, "CompositeExplicitAutograd")
        LIBRARY.impl(name, _on_cuda(kernel, function), "CUDA")
        LIBRARY.impl(name, meta, "Meta")
    for name, gradients, save in (
        ("affine_mish", _affine_gradients, _save_affine),
        ("group_norm_mish", _group_norm_gradients, _save_group_norm),
    ):
        torch.library.register_autograd(f"mish::{name}", gradients, setup_context=save, lib=LIBRARY)


_register()
