"""The two primitives behind `mish.jax`, and how JAX transforms them.

``mish`` is the derivative of an order at x. ``mish_slope`` is t·mish⁽ⁿ⁾(x), linear in t: what a
tangent or a cotangent becomes. So the derivative of each order is computed as such, never by
differentiating a formula, and what reverse mode keeps is x itself. Both are elementwise.
"""

from __future__ import annotations

from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from mish.jax import _lowering

value_p: Any = Primitive("mish")
slope_p: Any = Primitive("mish_slope")


LAST = 20
"""The highest order: its formula, in float64, still has six digits of the largest value."""


def check(order: int) -> None:
    """See that an order can be computed.

    Raises:
        ValueError: it cannot.
    """
    if order > LAST:
        raise ValueError(
            f"order must be at most {LAST}, not {order}: beyond it the formula loses its digits; "
            "mish.derivative has orders up to 203, of NumPy arrays"
        )


# Results are arrays like the last argument: of its shape, dtype, sharding.


def _value_aval(x: Any, *, order: int, kernel: str) -> Any:
    check(order)
    return x


def _slope_aval(x: Any, t: Any, *, order: int, kernel: str) -> Any:
    check(order)
    if (x.shape, x.dtype) != (t.shape, t.dtype):
        raise TypeError(f"the tangent of {x.str_short()} cannot be {t.str_short()}")
    return t


def _evaluate(primitive: Any) -> Any:
    """What runs where there is neither a trace nor a compiler: the primitive, compiled alone."""
    compiled = jax.jit(primitive.bind, static_argnames=("order", "kernel"))

    def evaluate(*arguments: Any, order: int, kernel: str) -> Any:
        with jax.disable_jit(False):
            return compiled(*arguments, order=order, kernel=kernel)

    return evaluate


def _transpose(cotangent: Any, x: Any, t: Any, **parameters: Any) -> tuple[Any, Any]:
    if type(cotangent) is ad.Zero:
        return None, ad.Zero(t.aval)
    return None, slope_p.bind(x, cotangent, **parameters)


def _batch_slope(arguments: Any, dims: Any, **parameters: Any) -> tuple[Any, Any]:
    x, t = arguments
    if dims[0] == dims[1]:
        return slope_p.bind(x, t, **parameters), dims[0]
    size = next(a.shape[d] for a, d in zip(arguments, dims, strict=True) if d is not None)
    x, t = (batching.bdim_at_front(a, d, size) for a, d in zip(arguments, dims, strict=True))
    return slope_p.bind(x, t, **parameters), 0


value_p.def_abstract_eval(_value_aval)
value_p.def_impl(_evaluate(value_p))
ad.defjvp(
    value_p,
    lambda t, x, *, order, kernel: slope_p.bind(x, t, order=order + 1, kernel=kernel),
)
batching.defvectorized(value_p)
mlir.register_lowering(value_p, _lowering.value_anywhere)
mlir.register_lowering(value_p, _lowering.value_on_cpu, platform="cpu")

slope_p.def_abstract_eval(_slope_aval)
slope_p.def_impl(_evaluate(slope_p))
ad.defjvp(
    slope_p,
    lambda dx, x, t, *, order, kernel: slope_p.bind(
        x, jax.lax.mul(t, dx), order=order + 1, kernel=kernel
    ),
    lambda dt, x, t, **parameters: slope_p.bind(x, dt, **parameters),
)
ad.primitive_transposes[slope_p] = _transpose
batching.primitive_batchers[slope_p] = _batch_slope
mlir.register_lowering(slope_p, _lowering.slope_anywhere)
mlir.register_lowering(slope_p, _lowering.slope_on_cpu, platform="cpu")
