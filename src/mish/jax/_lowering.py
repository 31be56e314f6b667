"""What the primitives become in a program: `mish.formula`, or a call of the native kernel."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.interpreters import mlir

from mish import formula
from mish.jax import _kernels


def formula_of(x: Any, order: int) -> Any:
    """The derivative by `mish.formula`: at least in float32, rounded once."""
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    return formula.derivative(wide, order, jnp, wide=True).astype(x.dtype)


def _value(x: Any, *, order: int, kernel: str) -> Any:
    return formula_of(x, order)


def _slope(x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """t·mish⁽ⁿ⁾(x), rounded once."""
    wide = jnp.promote_types(x.dtype, jnp.float32)
    return (t.astype(wide) * formula_of(x.astype(wide), order)).astype(x.dtype)


_value_formula = mlir.lower_fun(_value, multiple_results=False)
_slope_formula = mlir.lower_fun(_slope, multiple_results=False)


def _slope_natively(x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """Orders with no kernel for the product: the derivative's kernel, and a product."""
    from mish.jax._primitives import value_p

    return t * value_p.bind(x, order=order, kernel="native")


_slope_by_product = mlir.lower_fun(_slope_natively, multiple_results=False)


def _refuse_native(kernel: str) -> None:
    if kernel == "native":
        raise NotImplementedError(
            "kernel='native' is for programs on the CPU; use kernel='auto', which takes the "
            "formula elsewhere"
        )


def value_by_formula(ctx: Any, x: Any, *, order: int, kernel: str) -> Any:
    """Any platform but the CPU."""
    _refuse_native(kernel)
    return _value_formula(ctx, x, order=order, kernel=kernel)


def slope_by_formula(ctx: Any, x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """Any platform but the CPU."""
    _refuse_native(kernel)
    return _slope_formula(ctx, x, t, order=order, kernel=kernel)


def value_on_cpu(ctx: Any, x: Any, *, order: int, kernel: str) -> Any:
    """The native kernel, or the formula."""
    if _kernels.chosen(ctx, order, kernel):
        return _kernels.call(_kernels.VALUE[order], ctx, x)
    return _value_formula(ctx, x, order=order, kernel=kernel)


def slope_on_cpu(ctx: Any, x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """The native kernel, or the formula."""
    if not _kernels.chosen(ctx, order, kernel):
        return _slope_formula(ctx, x, t, order=order, kernel=kernel)
    if order in _kernels.SLOPE:
        return _kernels.call(_kernels.SLOPE[order], ctx, t, x)
    return _slope_by_product(ctx, x, t, order=order, kernel=kernel)
