"""What the functions of autograd in Python share; they run inside of dispatched kernels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch._C import DispatchKeySet, _functorch
from torch._functorch.utils import enable_single_level_autograd_function
from torch.autograd import forward_ad

AFTER_AUTOGRAD = torch._C._after_autograd_keyset


class Node(torch.autograd.function._SingleLevelFunction):
    """A function that runs inside of kernels for autograd's dispatch keys.

    There torch.func has already chosen the level that is differentiated. torch.autograd.Function
    would look at all levels again.
    """

    # What compiled autograd asks of a node: which function it is of.
    _compiled_autograd_key = getattr(torch.autograd.Function, "_compiled_autograd_key", None)


@contextlib.contextmanager
def below_autograd() -> Iterator[None]:
    """For use in a forward: PyTorch turns both modes off there, but outer levels may need them."""
    with (
        torch.enable_grad(),
        forward_ad._set_fwd_grad_enabled(True),
        torch._C._AutoDispatchBelowAutograd(),
    ):
        yield


@contextlib.contextmanager
def outer_tangents() -> Iterator[Callable[[Tensor], Tensor]]:
    """For use in a jvp: yields what strips a tensor of the tangent of the level at work.

    PyTorch turns forward mode off while it runs a jvp, so that no tangent gets a tangent of its own
    level. But this takes the tangents of outer levels away too, and jvp of jvp would be 0.
    """
    with forward_ad._set_fwd_grad_enabled(True):
        yield _primal


def _primal(x: Tensor) -> Tensor:
    level = _functorch.maybe_current_level()
    if level is None:
        y: Tensor = torch.ops.aten._fw_primal.default(x, 0)
        return y
    # _fw_primal would go on to the outer levels.
    if _functorch.maybe_get_level(x) != level:
        return x
    return _functorch._wrap_for_grad(_functorch._unwrap_for_grad(x, level), level)


def differentiated(*tensors: Tensor) -> bool:
    """Whether autograd has to see an operation on these."""
    if torch.is_grad_enabled() and any(x.requires_grad for x in tensors):
        return True
    if forward_ad._current_level >= 0:
        return True
    return any(_functorch.is_functorch_wrapped_tensor(x) for x in tensors)


def record(function: Any, *arguments: Any) -> Any:
    with enable_single_level_autograd_function():
        return function.apply(*arguments)


def vmap_unary(op: Any) -> Any:
    def rule(info: Any, in_dims: tuple[int | None, ...], x: Tensor, *rest: Any) -> Any:
        return op(x, *rest), in_dims[0]

    return rule


def vmap_two(op: Any) -> Any:
    """The rule of an operator of two tensors of the same shape."""

    def rule(info: Any, in_dims: tuple[int | None, ...], dy: Tensor, x: Tensor) -> Any:
        dy, x = (
            each.unsqueeze(0).expand(info.batch_size, *each.shape)
            if dim is None
            else each.movedim(dim, 0)
            for each, dim in zip((dy, x), in_dims, strict=True)
        )
        return op(dy, x), 0

    return rule


def count_version(op: Any) -> Any:
    """What autograd needs to notice that a tensor it saved was written to by the operator."""

    def kernel(keyset: DispatchKeySet, x: Tensor) -> None:
        after = torch._C._dispatch_keyset_full_after(torch._C.DispatchKey.ADInplaceOrView)
        with torch._C._AutoDispatchBelowADInplaceOrView():
            op.redispatch(keyset & after, x)
        torch.autograd.graph.increment_version(x)

    return kernel
