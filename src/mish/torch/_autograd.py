"""Derivatives of the operators mish::*: backward and forward mode, of any order, and vmap.

The derivative of order n is an operator whose own derivative is the one of order n + 1, so a graph
of any depth evaluates a closed formula at every node. Only x is kept for the backward pass.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch._C import DispatchKeySet, _functorch
from torch._functorch.utils import enable_single_level_autograd_function
from torch.autograd import forward_ad

from mish.torch._ops import LIBRARY, OPERATORS

_AFTER_AUTOGRAD = torch._C._after_autograd_keyset
# What OpOverload.__call__ calls, for the paths where a microsecond counts.
FORWARD = OPERATORS._forward.default._op
FORWARD_INPLACE = OPERATORS._forward_.default._op


class _Node(torch.autograd.function._SingleLevelFunction):
    """A function that runs inside of kernels for autograd's dispatch keys.

    There torch.func has already chosen the level that is differentiated. torch.autograd.Function
    would look at all levels again.
    """

    # What compiled autograd asks of a node: which function it is of.
    _compiled_autograd_key = torch.autograd.Function._compiled_autograd_key


@contextlib.contextmanager
def _below_autograd() -> Iterator[None]:
    """For use in a forward: PyTorch turns both modes off there, but outer levels may need them."""
    with (
        torch.enable_grad(),
        forward_ad._set_fwd_grad_enabled(True),
        torch._C._AutoDispatchBelowAutograd(),
    ):
        yield


@contextlib.contextmanager
def _outer_tangents() -> Iterator[Callable[[Tensor], Tensor]]:
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


class MishFunction(_Node):
    """mish(x) with derivatives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, keyset: DispatchKeySet) -> Tensor:
        """Save x and call the kernel below autograd."""
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        with _below_autograd():
            y: Tensor = OPERATORS.mish.default.redispatch(keyset & _AFTER_AUTOGRAD, x)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """dy·mish′(x)."""
        (x,) = ctx.saved_tensors
        return OPERATORS.backward.default(grads[0], x), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """mish′(x)·dx."""
        with _outer_tangents() as primal:
            return OPERATORS.backward.default(tangents[0], primal(ctx.saved_tensors[0]))


class EagerMishFunction(_Node):
    """mish(x) where nothing but backward mode looks on: the least that a node in Python costs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Save x and call the device's kernel."""
        ctx.save_for_backward(x)
        return FORWARD(x)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        """dy·mish′(x)."""
        return OPERATORS.backward.default(dy, ctx.saved_tensors[0])


RECORDED_FORWARD: Any = EagerMishFunction.apply  # type: ignore[attr-defined]


class DerivativeFunction(_Node):
    """derivative(x, order) with derivatives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: int, keyset: DispatchKeySet) -> Tensor:
        """Save x and call the kernel below autograd."""
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        ctx.order = order
        with _below_autograd():
            y: Tensor = OPERATORS.derivative.default.redispatch(keyset & _AFTER_AUTOGRAD, x, order)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The derivative of the next order, times the gradient."""
        (x,) = ctx.saved_tensors
        return grads[0] * OPERATORS.derivative.default(x, ctx.order + 1), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """The derivative of the next order, times the tangent."""
        with _outer_tangents() as primal:
            x = primal(ctx.saved_tensors[0])
            return tangents[0] * OPERATORS.derivative.default(x, ctx.order + 1)


class BackwardFunction(_Node):
    """backward(dy, x) = dy·mish′(x) with derivatives."""

    @staticmethod
    def forward(ctx: Any, dy: Tensor, x: Tensor, keyset: DispatchKeySet) -> Tensor:
        """Save both and call the kernel below autograd."""
        ctx.save_for_backward(dy, x)
        ctx.save_for_forward(dy, x)
        with _below_autograd():
            dx: Tensor = OPERATORS.backward.default.redispatch(keyset & _AFTER_AUTOGRAD, dy, x)
        return dx

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """By dy: g·mish′(x). By x: g·dy·mish″(x)."""
        dy, x = ctx.saved_tensors
        (g,) = grads
        by_dy = OPERATORS.backward.default(g, x) if ctx.needs_input_grad[0] else None
        by_x = g * dy * OPERATORS.derivative.default(x, 2) if ctx.needs_input_grad[1] else None
        return by_dy, by_x, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """d(dy)·mish′(x) + dy·mish″(x)·dx; a tangent may be missing."""
        with _outer_tangents() as primal:
            dy, x = map(primal, ctx.saved_tensors)
            terms = []
            if tangents[0] is not None:
                terms.append(OPERATORS.backward.default(tangents[0], x))
            if tangents[1] is not None:
                terms.append(tangents[1] * dy * OPERATORS.derivative.default(x, 2))
            return sum(terms[1:], terms[0])


def _differentiated(*tensors: Tensor) -> bool:
    """Whether autograd has to see an operation on these."""
    if torch.is_grad_enabled() and any(x.requires_grad for x in tensors):
        return True
    if forward_ad._current_level >= 0:
        return True
    return any(_functorch.is_functorch_wrapped_tensor(x) for x in tensors)


def _record(function: Any, *arguments: Any) -> Any:
    with enable_single_level_autograd_function():
        return function.apply(*arguments)


def _mish(keyset: DispatchKeySet, x: Tensor) -> Any:
    if _differentiated(x):
        return _record(MishFunction, x, keyset)
    return OPERATORS.mish.default.redispatch(keyset & _AFTER_AUTOGRAD, x)


def _derivative(keyset: DispatchKeySet, x: Tensor, order: int) -> Any:
    if _differentiated(x):
        return _record(DerivativeFunction, x, order, keyset)
    return OPERATORS.derivative.default.redispatch(keyset & _AFTER_AUTOGRAD, x, order)


def _backward(keyset: DispatchKeySet, dy: Tensor, x: Tensor) -> Any:
    if _differentiated(dy, x):
        return _record(BackwardFunction, dy, x, keyset)
    return OPERATORS.backward.default.redispatch(keyset & _AFTER_AUTOGRAD, dy, x)


def _mish_inplace(keyset: DispatchKeySet, x: Tensor) -> None:
    if _differentiated(x):
        x.copy_(OPERATORS.mish.default(x.clone()))
    else:
        OPERATORS.mish_.default.redispatch(keyset & _AFTER_AUTOGRAD, x)


def _count_version(keyset: DispatchKeySet, x: Tensor) -> None:
    """What autograd needs to notice that a tensor it saved was written to."""
    after = torch._C._dispatch_keyset_full_after(torch._C.DispatchKey.ADInplaceOrView)
    with torch._C._AutoDispatchBelowADInplaceOrView():
        OPERATORS.mish_.default.redispatch(keyset & after, x)
    torch.autograd.graph.increment_version(x)


def _vmap_unary(op: Any) -> Any:
    def rule(info: Any, in_dims: tuple[int | None, ...], x: Tensor, *rest: Any) -> Any:
        return op(x, *rest), in_dims[0]

    return rule


def _vmap_backward(info: Any, in_dims: tuple[int | None, ...], dy: Tensor, x: Tensor) -> Any:
    dy, x = (
        each.unsqueeze(0).expand(info.batch_size, *each.shape)
        if dim is None
        else each.movedim(dim, 0)
        for each, dim in zip((dy, x), in_dims, strict=True)
    )
    return OPERATORS.backward.default(dy, x), 0


def _register() -> None:
    for name, kernel in (
        ("mish", _mish),
        ("derivative", _derivative),
        ("backward", _backward),
        ("mish_", _mish_inplace),
    ):
        LIBRARY.impl(name, kernel, "Autograd", with_keyset=True)
    LIBRARY.impl("mish_", _count_version, "ADInplaceOrView", with_keyset=True)
    for name in ("_derivative", "_forward", "_forward_"):
        LIBRARY.impl(name, torch.library.fallthrough_kernel, "Autograd")
        LIBRARY.impl(name, torch.library.fallthrough_kernel, "ADInplaceOrView")
    for op in (OPERATORS.mish.default, OPERATORS.mish_.default, OPERATORS.derivative.default):
        torch.library.register_vmap(op, _vmap_unary(op), lib=LIBRARY)
    torch.library.register_vmap(OPERATORS.backward.default, _vmap_backward, lib=LIBRARY)


_register()
