"""Derivatives of the operators of `_kept_ops`, and vmap.

dy·mish′ is a function of dy and of the output y, on the known side. So its derivative by y is
dy·mish″/mish′, and the chain goes on through y to x: mish′ cancels, since both come from the same
y, and it is 0 only where mish″ has underflowed too. Everything there is an operator again, so
derivatives of any order follow. From codes x cannot be found again: a second derivative is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._C import DispatchKeySet, _functorch

from mish.torch._autograd import MishFunction
from mish.torch._kept import ops
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


class Marked:
    """Keeps the output alone."""

    @staticmethod
    def forward(x: Tensor, inplace: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The output and what is kept."""
        y = _written(OPERATORS.marked_.default, x) if inplace else OPERATORS.marked.default(x)
        return y, (y,)

    @staticmethod
    def backward(dy: Tensor, kept: tuple[Tensor, ...], strides: tuple[int, ...]) -> Tensor:
        """dy·mish′, from what was kept and the layout of the output."""
        (y,) = kept
        return OPERATORS.marked_backward.default(dy, y)  # type: ignore[no-any-return]


class Sided:
    """Keeps the output and one bit for each number."""

    @staticmethod
    def forward(x: Tensor, inplace: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As above."""
        sides = OPERATORS.sides.default(x)
        y = _written(OPERATORS.mish_.default, x) if inplace else OPERATORS.mish.default(x)
        return y, (y, sides)

    @staticmethod
    def backward(dy: Tensor, kept: tuple[Tensor, ...], strides: tuple[int, ...]) -> Tensor:
        """As above."""
        y, sides = kept  # saved-tensor hooks may give y back in another layout
        return OPERATORS.sided_backward.default(dy, _laid_out(y, strides), sides)  # type: ignore[no-any-return]


class Coded:
    """Keeps 1 to 4 bits of mish′ for each number."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def forward(self, x: Tensor, inplace: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As above."""
        codes = OPERATORS.codes.default(x, self.bits)
        y = _written(OPERATORS.mish_.default, x) if inplace else OPERATORS.mish.default(x)
        return y, (codes,)

    def backward(self, dy: Tensor, kept: tuple[Tensor, ...], strides: tuple[int, ...]) -> Tensor:
        """As above."""
        if torch.is_grad_enabled():
            raise RuntimeError(
                f'second derivatives need more than save="{self.bits}bit" keeps: take '
                'save="output", save="output+bit" or save="input", or leave out create_graph=True'
            )
        (codes,) = kept
        dx: Tensor = OPERATORS.coded_backward.default(_laid_out(dy, strides), codes, self.bits)
        return dx


MARKED, SIDED = Marked(), Sided()
CODED = {bits: Coded(bits) for bits in ops.CODE_BITS}


def _laid_out(x: Tensor, strides: tuple[int, ...]) -> Tensor:
    if x.stride() == strides:
        return x
    return x.new_empty_strided(x.shape, strides).copy_(x)


def _written(op: Callable[[Tensor], None], x: Tensor) -> Tensor:
    op(x)
    return x


class KeptFunction(Node):
    """Mish of x that keeps what the mode says."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mode: Any) -> Tensor:
        """Call the operators below autograd."""
        with below_autograd():
            y, kept = mode.forward(x, inplace=False)
        ctx.save_for_backward(*kept)
        ctx.save_for_forward(x)
        ctx.mode, ctx.strides = mode, y.stride()
        return y  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """dy·mish′(x)."""
        return ctx.mode.backward(grads[0], ctx.saved_tensors, ctx.strides), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """mish′(x)·dx."""
        with outer_tangents() as primal:
            return OPERATORS.backward.default(tangents[0], primal(ctx.saved_tensors[0]))


class EagerKeptFunction(Node):
    """The same where nothing but backward mode looks on, at less cost."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mode: Any, inplace: bool) -> Tensor:
        """Call the device's kernels."""
        with torch._C._AutoDispatchBelowAutograd():
            y, kept = mode.forward(x, inplace)
        if inplace:
            ctx.mark_dirty(x)
        ctx.save_for_backward(*kept)
        ctx.mode, ctx.strides = mode, y.stride()
        return y  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        """dy·mish′(x)."""
        return ctx.mode.backward(dy, ctx.saved_tensors, ctx.strides), None, None


RECORDED: Any = EagerKeptFunction.apply  # type: ignore[attr-defined]


class Family(NamedTuple):
    """The operators on one kind of outputs: dy·mish′(x), and x."""

    backward: Any
    inverse: Any

    def slope(self, kept: tuple[Tensor, ...]) -> Tensor:
        """mish′(x)."""
        return self.backward(torch.ones_like(kept[0]), *kept)  # type: ignore[no-any-return]

    def ratio(self, kept: tuple[Tensor, ...]) -> Tensor:
        """mish″(x)/mish′(x), the derivative of mish′ by the output over mish′."""
        slope = self.slope(kept)
        second = OPERATORS.derivative.default(self.inverse(*kept), 2)
        return torch.where(slope == 0, 0.0, second / slope)


_MARKED = Family(OPERATORS.marked_backward.default, OPERATORS.marked_inverse.default)
_SIDED = Family(OPERATORS.sided_backward.default, OPERATORS.sided_inverse.default)


class BackwardFunction(Node):
    """dy·mish′ from an output, with derivatives."""

    @staticmethod
    def forward(ctx: Any, family: Family, keyset: DispatchKeySet, dy: Tensor, *kept: Any) -> Tensor:
        """Save all and call the kernel below autograd."""
        ctx.save_for_backward(dy, *kept)
        ctx.save_for_forward(dy, *kept)
        ctx.family = family
        with below_autograd():
            dx: Tensor = family.backward.redispatch(keyset & AFTER_AUTOGRAD, dy, *kept)
        return dx

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """By dy: g·mish′. By y: g·dy·mish″/mish′."""
        dy, *kept = ctx.saved_tensors
        (g,) = grads
        by_dy = ctx.family.backward(g, *kept) if ctx.needs_input_grad[2] else None
        by_y = g * dy * ctx.family.ratio(kept) if ctx.needs_input_grad[3] else None
        return None, None, by_dy, by_y, *[None] * (len(kept) - 1)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """d(dy)·mish′ + dy·mish″/mish′·d(y); a tangent may be missing."""
        with outer_tangents() as primal:
            dy, *kept = map(primal, ctx.saved_tensors)
            terms = []
            if tangents[2] is not None:
                terms.append(ctx.family.backward(tangents[2], *kept))
            if tangents[3] is not None:
                terms.append(tangents[3] * dy * ctx.family.ratio(kept))
            return sum(terms[1:], terms[0])


class InverseFunction(Node):
    """x from an output, with derivatives."""

    @staticmethod
    def forward(ctx: Any, family: Family, keyset: DispatchKeySet, *kept: Any) -> Tensor:
        """Save all and call the kernel below autograd."""
        ctx.save_for_backward(*kept)
        ctx.save_for_forward(*kept)
        ctx.family = family
        with below_autograd():
            x: Tensor = family.inverse.redispatch(keyset & AFTER_AUTOGRAD, *kept)
        return x

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """g/mish′."""
        kept = ctx.saved_tensors
        return None, None, grads[0] / ctx.family.slope(kept), *[None] * (len(kept) - 1)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """d(y)/mish′."""
        with outer_tangents() as primal:
            return tangents[2] / ctx.family.slope(tuple(map(primal, ctx.saved_tensors)))


def _forward_kernel(op: Any, mode: Any) -> Any:
    def kernel(keyset: DispatchKeySet, x: Tensor) -> Any:
        if differentiated(x):
            return record(KeptFunction, x, mode)
        return op.redispatch(keyset & AFTER_AUTOGRAD, x)

    return kernel


def _coded(keyset: DispatchKeySet, x: Tensor, bits: int) -> Any:
    ops.require_bits(bits)
    if not differentiated(x):
        return OPERATORS.coded.default.redispatch(keyset & AFTER_AUTOGRAD, x, bits)
    if _functorch.maybe_current_level() is not None:
        # Each transform asks for a graph of the backward pass, whether anybody differentiates it or
        # not, and there a second derivative could not be refused. So it gets the exact function.
        return record(MishFunction, x, keyset)
    return record(KeptFunction, x, CODED[bits])


def _backward_kernel(family: Family) -> Any:
    def kernel(keyset: DispatchKeySet, dy: Tensor, *kept: Tensor) -> Any:
        if differentiated(dy, kept[0]):
            return record(BackwardFunction, family, keyset, dy, *kept)
        return family.backward.redispatch(keyset & AFTER_AUTOGRAD, dy, *kept)

    return kernel


def _inverse_kernel(family: Family) -> Any:
    def kernel(keyset: DispatchKeySet, *kept: Tensor) -> Any:
        if differentiated(kept[0]):
            return record(InverseFunction, family, keyset, *kept)
        return family.inverse.redispatch(keyset & AFTER_AUTOGRAD, *kept)

    return kernel


def _marked_inplace(keyset: DispatchKeySet, x: Tensor) -> None:
    if differentiated(x):
        x.copy_(OPERATORS.marked.default(x.clone()))
    else:
        OPERATORS.marked_.default.redispatch(keyset & AFTER_AUTOGRAD, x)


def _vmap_each(op: Any) -> Any:
    """One sample after the other: what is packed has no place for a dimension of samples."""

    def rule(info: Any, in_dims: tuple[int | None, ...], *arguments: Any) -> Any:
        def sample(i: int) -> list[Any]:
            return [
                each if dim is None else each.select(dim, i)
                for each, dim in zip(arguments, in_dims, strict=True)
            ]

        return torch.stack([op(*sample(i)) for i in range(info.batch_size)]), 0

    return rule


def _register() -> None:
    for name, kernel in (
        ("marked", _forward_kernel(OPERATORS.marked.default, MARKED)),
        ("sided", _forward_kernel(OPERATORS.sided.default, SIDED)),
        ("coded", _coded),
        ("marked_backward", _backward_kernel(_MARKED)),
        ("sided_backward", _backward_kernel(_SIDED)),
        ("marked_inverse", _inverse_kernel(_MARKED)),
        ("sided_inverse", _inverse_kernel(_SIDED)),
        ("marked_", _marked_inplace),
    ):
        LIBRARY.impl(name, kernel, "Autograd", with_keyset=True)
    LIBRARY.impl(
        "marked_", count_version(OPERATORS.marked_.default), "ADInplaceOrView", with_keyset=True
    )
    for name in ("sides", "codes", "coded_backward"):
        LIBRARY.impl(name, torch.library.fallthrough_kernel, "Autograd")
    for op, rule in (
        (OPERATORS.marked.default, vmap_unary),
        (OPERATORS.marked_.default, vmap_unary),
        (OPERATORS.marked_inverse.default, vmap_unary),
        (OPERATORS.sided.default, vmap_unary),
        (OPERATORS.coded.default, vmap_unary),
        (OPERATORS.marked_backward.default, vmap_two),
        (OPERATORS.sides.default, _vmap_each),
        (OPERATORS.codes.default, _vmap_each),
        (OPERATORS.sided_backward.default, _vmap_each),
        (OPERATORS.sided_inverse.default, _vmap_each),
        (OPERATORS.coded_backward.default, _vmap_each),
    ):
        torch.library.register_vmap(op, rule(op), lib=LIBRARY)


_register()
