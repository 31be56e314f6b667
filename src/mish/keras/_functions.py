"""The function mish."""

from __future__ import annotations

from typing import Any

import keras

from mish.keras._backends import mish_of


def mish(x: Any) -> Any:
    """x·tanh(ln(1 + eˣ)), elementwise: `keras.activations.mish`, faster and more accurate.

    It is `mish.torch.mish`, `mish.jax.mish`, `mish.tensorflow.mish` or `mish.mish`, as the back end
    demands, with derivatives of every order. As an activation it is saved by its name, "mish", so
    that a model which has it loads where this package is not; `accelerate` makes it ours again.

    Args:
        x: tensor, or what `keras.ops.convert_to_tensor` takes, of any shape and a floating-point
            dtype; or a symbolic tensor, to which a layer `Mish` is applied.

    Returns:
        A tensor of the shape and dtype of ``x``; the back end's function tells of its errors.

    Raises:
        NotImplementedError: if there is no Mish for the back end.
        Exception: if the dtype of ``x`` is no floating-point dtype, what the back end's function
            raises or makes of it.
    """
    if isinstance(x, keras.KerasTensor):
        from mish.keras._layer import Mish

        return Mish()(x)
    if not keras.ops.is_tensor(x):  # of NumPy's float64, which Keras' NumPy has, it makes float32
        x = keras.ops.convert_to_tensor(x)
    return mish_of(keras.backend.backend())(x)
