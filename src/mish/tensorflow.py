"""Mish for TensorFlow, in the place of TensorFlow Addons' ``tfa.activations.mish``.

Needs the extra ``tensorflow``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import mish as core
from mish import formula
from mish._support.extras import needs
from mish._support.versions import require

with needs("tensorflow", "mish.tensorflow"):
    import tensorflow as tf

require("mish.tensorflow", "tensorflow", tf.__version__, "2.18")

__all__ = ["derivative", "mish"]

# Tensors of several parts, and the ways to apply a function to their numbers.
_OF_PARTS = {tf.RaggedTensor: "tf.ragged.map_flat_values", tf.SparseTensor: "tf.sparse.map_values"}
_DTYPES = (tf.float16, tf.bfloat16, tf.float32, tf.float64)


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def mish(x: Any) -> Any:
    """x·tanh(ln(1 + eˣ)), elementwise.

    Called by itself on the CPU it runs this package's kernel. In graphs, those of `tf.function` and
    of Keras, and on other devices it is `mish.formula`, which XLA fuses. Derivatives of every order
    have rules of their own, so no order loses its digits.

    Args:
        x: tensor, or what `tf.convert_to_tensor` takes, of any shape; float16, bfloat16, float32 or
            float64.

    Returns:
        A tensor of the shape and dtype of ``x``. The kernel's error is below 1 ulp in float32 and
        at most 2 ulp in float64, and the 16-bit dtypes are correctly rounded; the formula's error
        is at most 7 ulp in float32. Infinities give their limits, NaN gives NaN.

    Raises:
        TypeError: if the dtype of ``x`` is no floating-point dtype, or ``x`` is ragged or sparse.

    Source:
        Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", arXiv:1908.08681.
    """
    return _derivative(_floating(x), 0)


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def derivative(x: Any, order: int = 1) -> Any:
    """The derivative of Mish of any order, elementwise; itself differentiable.

    Args:
        x: as for `mish`.
        order: 0 for Mish itself, or more; a Python integer.

    Returns:
        A tensor of the shape and dtype of ``x``. Errors are those of `mish.derivative` where the
        kernel runs, and of `mish.formula.derivative` elsewhere.

    Raises:
        TypeError: as for `mish`, or if ``order`` is no integer.
        ValueError: if ``order`` is negative, or above 203 where the kernel runs.
    """
    if not isinstance(order, int):
        raise TypeError(f"order must be a Python integer, not {type(order).__name__}")
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    return _derivative(_floating(x), order)


def _floating(x: Any) -> Any:
    for kind, way in _OF_PARTS.items():
        if isinstance(x, kind):
            raise TypeError(
                f"x must be a tensor, not {kind.__name__}: take {way}(mish.tensorflow.mish, x)"
            )
    x = tf.convert_to_tensor(x)
    if x.dtype not in _DTYPES:
        raise TypeError(
            f"x must be of a floating-point dtype, not {x.dtype.name}: take tf.cast(x, tf.float32)"
        )
    return x


def _derivative(x: Any, order: int) -> Any:
    """The derivative of an order, whose own derivative is the one of the next order."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def node(x: Any) -> Any:
        return _values(x, order), lambda dy: _times_derivative(dy, x, order + 1)

    return node(x)


def _times_derivative(dy: Any, x: Any, order: int) -> Any:
    """dy·mish⁽ⁿ⁾(x), rounded once: what the backward pass needs."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def node(dy: Any, x: Any) -> Any:
        def gradient(g: Any) -> Any:
            return _times_derivative(g, x, order), _times_derivative(g * dy, x, order + 1)

        return _product(dy, x, order), gradient

    return node(dy, x)


def _values(x: Any, order: int) -> Any:
    """The derivative of an order without its gradient."""
    if _on_cpu(x):
        return tf.constant(core.derivative(x.numpy(), order), x.dtype)
    return _formula(_values_formula, order)(x)


def _product(dy: Any, x: Any, order: int) -> Any:
    """`_times_derivative` without its gradient."""
    if not _on_cpu(x):
        return _formula(_product_formula, order)(dy, x)
    if order == 1:
        return tf.constant(core.mish_grad(dy.numpy(), x.numpy()), x.dtype)
    # Not by TensorFlow, whose products are 0 where they are subnormal.
    wide = _wide(x.dtype).as_numpy_dtype
    product = dy.numpy().astype(wide) * core.derivative(x.numpy().astype(wide), order)
    return tf.constant(product.astype(x.dtype.as_numpy_dtype), x.dtype)


def _on_cpu(x: Any) -> bool:
    """Whether there are numbers in ``x`` already, in the memory of the CPU."""
    return tf.executing_eagerly() and "CPU" in x.backing_device


def _values_formula(x: Any, order: int) -> Any:
    wide = tf.cast(x, _wide(x.dtype))
    return tf.cast(formula.derivative(wide, order, _Namespace(wide.dtype), wide=True), x.dtype)


def _product_formula(dy: Any, x: Any, order: int) -> Any:
    wide = _wide(x.dtype)
    return tf.cast(tf.cast(dy, wide) * _values_formula(tf.cast(x, wide), order), x.dtype)


def _formula(operations: Callable[..., Any], order: int) -> Callable[..., Any]:
    """The operations as XLA fuses them: in the graph at work, or else as a function of its own."""
    if tf.executing_eagerly():
        compiled: Callable[..., Any] = _compiled(operations, order)
        return compiled
    return functools.partial(_marked, operations, order)


def _marked(operations: Callable[..., Any], order: int, *tensors: Any) -> Any:
    """Plain operations, which every converter knows, with a mark that asks XLA to fuse them."""
    with tf.xla.experimental.jit_scope():
        return operations(*tensors, order)


@functools.cache
def _compiled(operations: Callable[..., Any], order: int) -> Any:
    def of_order(*tensors: Any) -> Any:
        return operations(*tensors, order)

    return tf.function(of_order, jit_compile=True, autograph=False, reduce_retracing=True)


def _wide(dtype: Any) -> Any:
    return tf.float32 if dtype.size < 4 else dtype


class _Namespace:
    """What `mish.formula` needs, in TensorFlow, which makes float32 of every Python number."""

    abs = staticmethod(tf.abs)
    exp = staticmethod(tf.exp)

    def __init__(self, dtype: Any) -> None:
        self._dtype = dtype

    def where(self, condition: Any, x: Any, y: Any, /) -> Any:
        return tf.where(
            condition, tf.convert_to_tensor(x, self._dtype), tf.convert_to_tensor(y, self._dtype)
        )
