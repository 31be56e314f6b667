"""Derivatives on the back end that Keras runs on."""

from __future__ import annotations

import numpy as np
import pytest


def _by_torch(function, x, order):
    import torch

    point = torch.from_numpy(x).requires_grad_()
    found = [function(point)]
    for _ in range(order):
        (slope,) = torch.autograd.grad(
            found[-1], point, torch.ones_like(found[-1]), create_graph=True
        )
        found.append(slope)
    return [each.detach().numpy() for each in found]


def _by_jax(function, x, order):
    import jax

    functions = [function]
    for _ in range(order):
        functions.append(jax.grad(lambda x, last=functions[-1]: last(x).sum()))
    return [np.asarray(each(x)) for each in functions]


def _by_tensorflow(function, x, order):
    import tensorflow as tf

    def by_tapes(x, order):
        if order == 0:
            return [function(x)]
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = by_tapes(x, order - 1)
        return [*found, tape.gradient(found[-1], x)]

    return [each.numpy() for each in by_tapes(tf.constant(x), order)]


@pytest.fixture
def derivatives(backend):
    """Computes a function of tensors at an array, and its derivatives up to an order."""
    ways = {"torch": _by_torch, "jax": _by_jax, "tensorflow": _by_tensorflow}
    if backend not in ways:
        pytest.skip(f"the back end {backend} has no derivatives")
    return ways[backend]


@pytest.fixture
def backend():
    import keras

    return keras.backend.backend()
