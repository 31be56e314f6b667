"""Keras on the back end that KERAS_BACKEND names."""

from __future__ import annotations

from backend import Backend

# The largest among the back ends: JAX and TensorFlow may compile the formula.
BOUND = {"float16": 0.51, "bfloat16": 0.51, "float32": 8.0, "float64": 8.0}


def layer(x, order):
    import keras

    import mish.keras

    y = mish.keras.Mish(dtype=x.dtype.name)(keras.ops.convert_to_tensor(x, x.dtype.name))
    # flat, as Keras makes no array of a single bfloat16 of TensorFlow
    return keras.ops.convert_to_numpy(keras.ops.reshape(y, (-1,))).reshape(x.shape)


BACKENDS = [Backend("keras", ("keras",), tuple(BOUND), (0,), layer, BOUND, flushes=True)]
