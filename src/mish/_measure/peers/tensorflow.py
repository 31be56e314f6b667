"""Keras on TensorFlow: keras.activations.mish in a graph, and the same compiled by XLA."""

from __future__ import annotations

import functools
import os
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf

from mish._measure.peers import Contender, Task


def set_threads(n: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(n)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def graph(task: Task) -> Contender:
    return _contender(task, xla=False)


def xla(task: Task) -> Contender:
    return _contender(task, xla=True)


def _contender(task: Task, xla: bool) -> Contender:
    x = tf.constant(task.x)
    arguments = (tf.constant(task.dy), x) if task.op == "backward" else (x,)
    function = _compiled(task.op, xla).get_concrete_function(*arguments)
    return Contender(lambda: function(*arguments), lambda tensor: tensor.numpy())


@functools.cache
def _compiled(op: str, xla: bool) -> Any:
    mish = keras.activations.mish

    def backward(dy: Any, x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = mish(x)
        return tape.gradient(y, x, output_gradients=dy)

    def second(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            first = backward(tf.ones_like(x), x)
        return tape.gradient(first, x)

    return tf.function({"forward": mish, "backward": backward, "d2": second}[op], jit_compile=xla)
