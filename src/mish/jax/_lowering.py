"""What the primitives become in a program: `mish.formula`, or a call of the native kernel."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax
from jax.interpreters import mlir

from mish import formula
from mish.jax import _kernels

try:
    from jax import enable_x64
except ImportError:  # in its place before JAX 0.8
    from jax.experimental import enable_x64

_PLAIN = 3  # the highest order whose formula loses no digits


def _wide(dtype: Any, order: int) -> Any:
    """What the formula is computed in. Higher orders lose most of a digit each."""
    return jnp.float64 if order > _PLAIN or dtype == jnp.float64 else jnp.float32


def _value(x: Any, *, order: int, kernel: str) -> Any:
    wide = lax.convert_element_type(x, _wide(x.dtype, order))
    return lax.convert_element_type(formula.derivative(wide, order, jnp, wide=True), x.dtype)


def _slope(x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """t·mish⁽ⁿ⁾(x), rounded once."""
    wide = _wide(x.dtype, order)
    x, narrow = lax.convert_element_type(x, wide), x.dtype
    product = lax.convert_element_type(t, wide) * formula.derivative(x, order, jnp, wide=True)
    return lax.convert_element_type(product, narrow)


def _slope_natively(x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """Orders with no kernel for the product: the derivative's kernel, and a product."""
    from mish.jax._primitives import value_p

    return t * value_p.bind(x, order=order, kernel="native")


_lower_value = mlir.lower_fun(_value, multiple_results=False)
_lower_slope = mlir.lower_fun(_slope, multiple_results=False)
_lower_slope_natively = mlir.lower_fun(_slope_natively, multiple_results=False)


def _by_formula(lower: Any, ctx: Any, *operands: Any, order: int, kernel: str) -> Any:
    if order <= _PLAIN:
        return lower(ctx, *operands, order=order, kernel=kernel)
    with enable_x64(True):  # inside of the formula alone
        return lower(ctx, *operands, order=order, kernel=kernel)


def _refuse_native(kernel: str) -> None:
    if kernel == "native":
        raise NotImplementedError(
            "kernel='native' is for programs on the CPU; use kernel='auto', which takes the "
            "formula elsewhere"
        )


def value_anywhere(ctx: Any, x: Any, *, order: int, kernel: str) -> Any:
    """Any platform but the CPU."""
    _refuse_native(kernel)
    return _by_formula(_lower_value, ctx, x, order=order, kernel=kernel)


def slope_anywhere(ctx: Any, x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """Any platform but the CPU."""
    _refuse_native(kernel)
    return _by_formula(_lower_slope, ctx, x, t, order=order, kernel=kernel)


def value_on_cpu(ctx: Any, x: Any, *, order: int, kernel: str) -> Any:
    """The native kernel, or the formula."""
    if _kernels.chosen(ctx, order, kernel):
        return _kernels.call(_kernels.VALUE[order], ctx, x)
    return _by_formula(_lower_value, ctx, x, order=order, kernel=kernel)


def slope_on_cpu(ctx: Any, x: Any, t: Any, *, order: int, kernel: str) -> Any:
    """The native kernel, or the formula."""
    if not _kernels.chosen(ctx, order, kernel):
        return _by_formula(_lower_slope, ctx, x, t, order=order, kernel=kernel)
    if order in _kernels.SLOPE:
        return _kernels.call(_kernels.SLOPE[order], ctx, t, x)
    return _lower_slope_natively(ctx, x, t, order=order, kernel=kernel)
