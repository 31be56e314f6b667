"""What people call."""

from __future__ import annotations

import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mish.jax import _kernels, _primitives


def mish(x: Any, *, kernel: str = "auto") -> jax.Array:
    r"""x·tanh(ln(1 + eˣ)), elementwise, in place of `jax.nn.mish`.

    Works under every transformation of JAX; see `derivative` for the errors of derivatives. It is
    elementwise, so sharded arrays need no communication.

    Args:
        x: array or number of any shape. float16, bfloat16, float32 and float64 keep their dtype;
            integers and truth values become floating-point numbers as in `jax.nn`.
        kernel: what computes it on the CPU, derivatives included. "native" is this package's
            kernel, which XLA cannot fuse with what stands around it; "fused" is `mish.formula`,
            which it can. "auto" is the native kernel for the dtypes named above and orders 0 to 3,
            but the formula in programs for `jax.export`; docs/jax.md says why. GPUs and TPUs take
            the formula.

    Returns:
        An array of the shape of ``x``. float32 results of the native kernel are within 1 ulp for
        every input, those of the formula within 5 ulp on the CPU. Infinities give their limits, NaN
        gives NaN.

    Raises:
        TypeError: ``x`` is no array or number, or complex.
        ValueError: there is no such kernel.
        NotImplementedError: "native" was asked for on another device than the CPU.
    """
    return derivative(x, 0, kernel=kernel)


def derivative(x: Any, order: int = 1, *, kernel: str = "auto") -> jax.Array:
    """The derivative of Mish of any order, elementwise.

    `jax.grad` and its relatives arrive at these values by themselves, so this is for who needs the
    derivative as such. Orders 0 to 3 have native kernels; higher ones are `mish.formula`'s.

    Args:
        x: as for `mish`.
        order: 0 for Mish itself, to 20; a Python integer.
        kernel: as for `mish`.

    Returns:
        As for `mish`. Errors of orders 1 to 3 in float32 are below 1 ulp by the native kernel, even
        next to the zeros of a derivative, and at most 5e-7 by the formula. Higher orders are
        computed in float64; their errors, as parts of the largest value, grow from 2e-15 at order 4
        to 4e-7 at 20, to which the rounding to the dtype comes.

    Raises:
        TypeError: as for `mish`; or ``order`` is no integer.
        ValueError: ``order`` is negative or above 20, there is no such kernel, or "native" was
            asked for an order above 3 or a dtype that it does not serve.
        NotImplementedError: as for `mish`.
    """
    points = _points(x)
    checked = _order(order)
    dtype = points.dtype if _is_float(points) else _float_for(points)
    _kernels.check(kernel, checked, dtype)
    return _apply(points, order=checked, kernel=kernel)


@functools.partial(jax.jit, static_argnames=("order", "kernel"), inline=True)
def _apply(x: Any, *, order: int, kernel: str) -> Any:
    if not _is_float(x):
        x = x.astype(_float_for(x))
    return _primitives.value_p.bind(x, order=order, kernel=kernel)


def _is_float(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.floating))


def _float_for(x: Any) -> Any:
    """What integers become in `jax.nn`."""
    return jax.eval_shape(jax.nn.softplus, x).dtype


def _points(x: Any) -> Any:
    """What was given, as something that has a dtype and that `jax.jit` takes."""
    if isinstance(x, bool | int):
        x = float(x)  # weakly typed like it
    if isinstance(x, float | complex) or hasattr(x, "__jax_array__"):
        x = jnp.asarray(x)
    if not isinstance(x, jax.Array | np.ndarray | np.generic):
        raise TypeError(
            f"x must be an array or a number, not {type(x).__name__}; jax.numpy.asarray makes an "
            "array of what holds numbers"
        )
    dtype = x.dtype
    if jnp.issubdtype(dtype, jnp.complexfloating):
        raise TypeError(f"x must be real, not {dtype}: Mish of complex numbers is not defined here")
    if not (jnp.issubdtype(dtype, jnp.number) or dtype == jnp.bool_):
        raise TypeError(f"x must hold numbers, not elements of dtype {dtype}")
    return x


def _order(order: Any) -> int:
    if isinstance(order, bool | np.bool_):
        raise TypeError("order must be an integer, not a truth value")
    if isinstance(order, jax.core.Tracer):
        raise TypeError(
            "order must be a Python integer, not a traced value; make it static "
            "(static_argnums of jax.jit)"
        )
    try:
        index = operator.index(order)
    except TypeError:
        raise TypeError(f"order must be an integer, not {type(order).__name__}") from None
    if index < 0:
        raise ValueError(f"order must be 0 or more, not {index}")
    _primitives.check(index)
    return index
