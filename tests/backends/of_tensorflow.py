"""TensorFlow's tensors: by themselves, in graphs, and compiled by XLA."""

from __future__ import annotations

import functools

import numpy as np
from backend import Backend

NATIVE = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 1.0}
# of the third derivative; 16 bits are computed in float32
FORMULA = {"float16": 0.51, "bfloat16": 0.51, "float32": 20.0, "float64": 20.0}
BESIDE_ZEROS = {each: 7e-7 for each in ("float16", "bfloat16", "float32")} | {"float64": 2e-15}


def eager(x, order):
    import tensorflow as tf

    import mish.tensorflow

    return np.asarray(mish.tensorflow.derivative(tf.constant(x), order).numpy())


def tapes(x, order):
    import tensorflow as tf

    return np.asarray(nested(tf.constant(x), order).numpy())


def nested(x, order):
    """The derivative by one tape inside another."""
    import tensorflow as tf

    import mish.tensorflow

    if order == 0:
        return mish.tensorflow.mish(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = nested(x, order - 1)
    return tape.gradient(y, x)


def graph(x, order):
    return np.asarray(function(order, False)(x).numpy())


def compiled(x, order):
    return np.asarray(function(order, True)(x).numpy())


@functools.cache
def function(order, xla):
    import tensorflow as tf

    return tf.function(lambda x: nested(x, order), jit_compile=xla, autograph=False)


ORDERS = (0, 1, 2, 3)
TF = ("tensorflow",)
BACKENDS = [
    Backend("tensorflow", TF, tuple(NATIVE), ORDERS, eager, NATIVE),
    Backend("tensorflow tapes", TF, tuple(NATIVE), (1, 2, 3), tapes, NATIVE),
    Backend("tensorflow graph", TF, tuple(FORMULA), ORDERS, graph, FORMULA, BESIDE_ZEROS, True),
    Backend("tensorflow XLA", TF, tuple(FORMULA), ORDERS, compiled, FORMULA, BESIDE_ZEROS, True),
]
