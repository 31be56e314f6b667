"""Derivatives of the operators mish::*: backward and forward mode, of any order, and vmap.

The derivative of order n is an operator whose own derivative is the one of order n + 1, so a graph
of any depth evaluates a closed formula at every node. Only x is kept for the backward pass.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch._C import DispatchKeySet

from mish.torch._nodes import (
    AFTER_AUTOGRAD,
    Node,
    below_autograd,
    count_version,
    differentiated,
    outer_tangents,
    record,
    vmap_two,
    vmap_unary,
)
from mish.torch._ops import LIBRARY, OPERATORS


def _without_its_call(op: Any) -> Any:
    """What OpOverload.__call__ calls, for the paths where a microsecond counts."""
    return getattr(op, "_op", op)


FORWARD = _without_its_call(OPERATORS._forward.default)
FORWARD_INPLACE = _without_its_call(OPERATORS._forward_.default)


class MishFunction(Node):
    """mish(x) with derivatives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, keyset: DispatchKeySet) -> Tensor:
        """Save x and call the kernel below autograd."""
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        with below_autograd():
            y: Tensor = OPERATORS.mish.default.redispatch(keyset & AFTER_AUTOGRAD, x)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """dy·mish′(x)."""
        (x,) = ctx.saved_tensors
        return OPERATORS.backward.default(grads[0], x), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """mish′(x)·dx."""
        with outer_tangents() as primal:
            return OPERATORS.backward.default(tangents[0], primal(ctx.saved_tensors[0]))


class EagerMishFunction(Node):
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


class DerivativeFunction(Node):
    """derivative(x, order) with derivatives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: int, keyset: DispatchKeySet) -> Tensor:
        """Save x and call the kernel below autograd."""
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        ctx.order = order
        with below_autograd():
            y: Tensor = OPERATORS.derivative.default.redispatch(keyset & AFTER_AUTOGRAD, x, order)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The derivative of the next order, times the gradient."""
        (x,) = ctx.saved_tensors
        return grads[0] * OPERATORS.derivative.default(x, ctx.order + 1), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """The derivative of the next order, times the tangent."""
        with outer_tangents() as primal:
            x = primal(ctx.saved_tensors[0])
            return tangents[0] * OPERATORS.derivative.default(x, ctx.order + 1)


class BackwardFunction(Node):
    """backward(dy, x) = dy·mish′(x) with derivatives."""

    @staticmethod
    def forward(ctx: Any, dy: Tensor, x: Tensor, keyset: DispatchKeySet) -> Tensor:
        """Save both and call the kernel below autograd."""
        ctx.save_for_backward(dy, x)
        ctx.save_for_forward(dy, x)
        with below_autograd():
            dx: Tensor = OPERATORS.backward.default.redispatch(keyset & AFTER_AUTOGRAD, dy, x)
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
        with outer_tangents() as primal:
            dy, x = map(primal, ctx.saved_tensors)
            terms = []
            if tangents[0] is not None:
                terms.append(OPERATORS.backward.default(tangents[0], x))
            if tangents[1] is not None:
                terms.append(tangents[1] * dy * OPERATORS.derivative.default(x, 2))
            return sum(terms[1:], terms[0])


def _mish(keyset: DispatchKeySet, x: Tensor) -> Any:
    if differentiated(x):
        return record(MishFunction, x, keyset)
    return OPERATORS.mish.default.redispatch(keyset & AFTER_AUTOGRAD, x)


def _derivative(keyset: DispatchKeySet, x: Tensor, order: int) -> Any:
    if differentiated(x):
        return record(DerivativeFunction, x, order, keyset)
    return OPERATORS.derivative.default.redispatch(keyset & AFTER_AUTOGRAD, x, order)


def _backward(keyset: DispatchKeySet, dy: Tensor, x: Tensor) -> Any:
    if differentiated(dy, x):
        return record(BackwardFunction, dy, x, keyset)
    return OPERATORS.backward.default.redispatch(keyset & AFTER_AUTOGRAD, dy, x)


def _mish_inplace(keyset: DispatchKeySet, x: Tensor) -> None:
    if differentiated(x):
        x.copy_(OPERATORS.mish.default(x.clone()))
    else:
        OPERATORS.mish_.default.redispatch(keyset & AFTER_AUTOGRAD, x)


def _register() -> None:
    for name, kernel in (
        ("mish", _mish),
        ("derivative", _derivative),
        ("backward", _backward),
        ("mish_", _mish_inplace),
    ):
        LIBRARY.impl(name, kernel, "Autograd", with_keyset=True)
    LIBRARY.impl(
        "mish_", count_version(OPERATORS.mish_.default), "ADInplaceOrView", with_keyset=True
    )
    for name in ("_derivative", "_forward", "_forward_"):
        LIBRARY.impl(name, torch.library.fallthrough_kernel, "Autograd")
        LIBRARY.impl(name, torch.library.fallthrough_kernel, "ADInplaceOrView")
    for op in (OPERATORS.mish.default, OPERATORS.mish_.default, OPERATORS.derivative.default):
        torch.library.register_vmap(op, vmap_unary(op), lib=LIBRARY)
    torch.library.register_vmap(
        OPERATORS.backward.default, vmap_two(OPERATORS.backward.default), lib=LIBRARY
    )


_register()
