"""Keras' and TensorFlow's Mish beside ours where it is hard: NaN, and digits lost.

    python benchmarks/keras/special_values.py > benchmarks/results/keras-values.md

Each back end runs in a process of its own. A cell holds the result for x, in float32, by Keras'
own function, then ours, where they differ by more than a thousandth; "✓" stands for both right.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

POINTS = (-np.inf, -100.0, -20.0, -1.0, 15.0, 3e38, np.inf)
BACKENDS = ("torch", "jax", "tensorflow")
ORDERS = 4


def derivatives(backend: str, function, x: np.ndarray) -> list[np.ndarray]:
    """The function of tensors and its derivatives, by the back end's own differentiation."""
    if backend == "torch":
        import torch

        point = torch.from_numpy(x).requires_grad_()
        found = [function(point)]
        for _ in range(ORDERS - 1):
            ones = torch.ones_like(found[-1])
            found += torch.autograd.grad(found[-1], point, ones, create_graph=True)
        return [each.detach().numpy() for each in found]
    if backend == "jax":
        import jax

        functions = [function]
        for _ in range(ORDERS - 1):
            functions.append(jax.grad(lambda x, last=functions[-1]: last(x).sum()))
        return [np.asarray(each(x)) for each in functions]
    import tensorflow as tf

    def by_tapes(x, order):
        if order == 0:
            return [function(x)]
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = by_tapes(x, order - 1)
        return [*found, tape.gradient(found[-1], x)]

    return [each.numpy() for each in by_tapes(tf.constant(x), ORDERS - 1)]


def rows(backend: str) -> None:
    import keras

    import mish
    import mish.keras

    x = np.array(POINTS, "f")
    theirs = derivatives(backend, keras.activations.mish, x)
    ours = derivatives(backend, mish.keras.mish, x)
    for order in range(ORDERS):
        cells = map(cell, theirs[order], ours[order], mish.derivative(x, order))
        print(f"| {backend} | {order} | {' | '.join(cells)} |")


def cell(theirs: float, ours: float, truth: float) -> str:
    if right(theirs, truth) and right(ours, truth):
        return "✓"
    mine = "✓" if right(ours, truth) else f"{ours:.3g}"
    return f"{theirs:.3g}; {mine}"


def right(found: float, truth: float) -> bool:
    return bool(found == truth or abs(found - truth) <= 1e-3 * abs(truth) + 1.2e-38)


def main() -> None:
    print("# Keras' Mish where it is hard\n\nMade by `python benchmarks/keras/special_values.py`:")
    print("float32, `keras.activations.mish`; `mish.keras.mish`. A tick stands for a right result,")
    print("a number for a wrong one; one tick alone stands for both.\n")
    print(f"| back end | order | {' | '.join(f'{x:g}' for x in POINTS)} |")
    print("|---|--:" + "|---" * len(POINTS) + "|", flush=True)
    for backend in BACKENDS:
        settings = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, __file__, backend], env=os.environ | settings, check=True)


if __name__ == "__main__":
    rows(sys.argv[1]) if sys.argv[1:] else main()
