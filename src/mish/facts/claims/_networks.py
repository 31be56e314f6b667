"""Small networks in NumPy for the experiments: one classifier, one least-squares fit.

Both start from weights scaled by the activation's forward gain, so that none is at a disadvantage.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

import mish
from mish._support.extras import needs
from mish.facts.gains import gain

_Array: TypeAlias = npt.NDArray[Any]  # float32 in the classifier, float64 in the fit

_TRAINING = 1000  # images; the other 797 of the data set judge
_HIDDEN = (64, 64)
_EPOCHS = 30
_BATCH = 50
_RATE = 1e-3


class _Activation(NamedTuple):
    function: Callable[[_Array], _Array]
    slope: Callable[[_Array], _Array]


def _relu(x: _Array) -> _Array:
    return np.maximum(x, 0)


def _relu_slope(x: _Array) -> _Array:
    return (x > 0).astype(x.dtype)


def _logistic(x: _Array) -> _Array:
    s: _Array = 0.5 * (1 + np.tanh(0.5 * x))  # does not overflow
    return s


def _silu(x: _Array) -> _Array:
    return x * _logistic(x)


def _silu_slope(x: _Array) -> _Array:
    s = _logistic(x)
    slope: _Array = s * (1 + x * (1 - s))
    return slope


_CUBE, _SCALE = 0.044715, math.sqrt(8 / math.pi)


def _gelu(x: _Array) -> _Array:
    return x * _logistic(_SCALE * (x + _CUBE * x * x * x))


def _gelu_slope(x: _Array) -> _Array:
    s = _logistic(_SCALE * (x + _CUBE * x * x * x))
    slope: _Array = s + x * s * (1 - s) * _SCALE * (1 + 3 * _CUBE * x * x)
    return slope


ACTIVATIONS = {
    "mish": _Activation(mish.mish, mish.mish_d1),
    "silu": _Activation(_silu, _silu_slope),
    "gelu_tanh": _Activation(_gelu, _gelu_slope),
    "relu": _Activation(_relu, _relu_slope),
}


def accuracy_on_digits(activation: str, seed: int, wrong_labels: float) -> float:
    """Train a classifier of 8×8 digits and judge it on images that it has not seen.

    Args:
        activation: a name from ``ACTIVATIONS``.
        seed: of the split, the labels that are changed, the weights and the batches.
        wrong_labels: the share of training labels that are drawn anew from all ten.

    Returns:
        The share of right answers, labels untouched.
    """
    with needs("claims", "this claim"):
        from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    function, slope = ACTIVATIONS[activation]
    random = np.random.default_rng(seed)
    images, labels = load_digits(return_X_y=True)
    images = ((images - images.mean()) / images.std()).astype(np.float32)
    order = random.permutation(len(images))
    train, held_out = order[:_TRAINING], order[_TRAINING:]
    targets = labels[train].copy()
    drawn = random.random(_TRAINING) < wrong_labels
    targets[drawn] = random.integers(0, 10, int(drawn.sum()))

    sizes = (images.shape[1], *_HIDDEN, 10)
    scale = (1.0, *[gain(activation).forward] * len(_HIDDEN))
    weights = [
        (random.standard_normal((above, below)) * factor / math.sqrt(above)).astype(np.float32)
        for above, below, factor in zip(sizes[:-1], sizes[1:], scale, strict=True)
    ]
    biases = [np.zeros(size, np.float32) for size in sizes[1:]]
    step = _adam([*weights, *biases])
    for _ in range(_EPOCHS):
        shuffled = random.permutation(_TRAINING)
        for start in range(0, _TRAINING, _BATCH):
            batch = shuffled[start : start + _BATCH]
            layers, before = _forward(images[train[batch]], weights, biases, function)
            gradient = _softmax(layers[-1])
            gradient[np.arange(_BATCH), targets[batch]] -= 1
            gradient /= _BATCH
            by_weight, by_bias = [], []
            for i in reversed(range(len(weights))):
                by_weight.append(layers[i].T @ gradient)
                by_bias.append(gradient.sum(0))
                if i:
                    gradient = (gradient @ weights[i].T) * slope(before[i - 1])
            step([*by_weight[::-1], *by_bias[::-1]])
    answers = _forward(images[held_out], weights, biases, function)[0][-1].argmax(1)
    return float((answers == labels[held_out]).mean())


def _forward(
    x: _Array, weights: list[_Array], biases: list[_Array], function: Callable[..., _Array]
) -> tuple[list[_Array], list[_Array]]:
    """Give the input of each layer with the output last, and the pre-activations."""
    layers, before = [x], []
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        before.append(layers[-1] @ weight + bias)
        layers.append(before[-1] if i == len(weights) - 1 else function(before[-1]))
    return layers, before


def _softmax(x: _Array) -> _Array:
    powers: _Array = np.exp(x - x.max(1, keepdims=True))
    powers /= powers.sum(1, keepdims=True)
    return powers


def _adam(parameters: list[_Array]) -> Callable[[list[_Array]], None]:
    """Make Adam's step with its usual constants."""
    first = [np.zeros_like(each) for each in parameters]
    second = [np.zeros_like(each) for each in parameters]
    count = 0

    def step(gradients: list[_Array]) -> None:
        nonlocal count
        count += 1
        rate = _RATE * math.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        for i, gradient in enumerate(gradients):
            first[i] += 0.1 * (gradient - first[i])
            second[i] += 0.001 * (gradient * gradient - second[i])
            parameters[i] -= rate * first[i] / (np.sqrt(second[i]) + 1e-8)

    return step


def fit_by_levenberg_marquardt(activation: str, seed: int, steps: int = 100) -> float:
    """Fit a damped sine by a hidden layer of 12 units, with Levenberg and Marquardt's method.

    Returns:
        The root of the mean square error over 80 points after ``steps`` steps.
    """
    function, slope = ACTIVATIONS[activation]
    random = np.random.default_rng(seed)
    width = 12
    x = np.linspace(-2, 2, 80)[:, None]
    y = np.sin(3 * x) * np.exp(-x * x / 4)
    outer = random.standard_normal(width) * gain(activation).forward / math.sqrt(width)
    inner, biases = random.standard_normal(width) * 1.5, random.uniform(-3, 3, width)
    parameters: _Array = np.concatenate([inner, biases, outer, np.zeros(1)])

    def residuals(p: _Array) -> _Array:
        a, b, c = p[:-1].reshape(3, width)
        wrong: _Array = function(x * a + b) @ c + p[-1] - y[:, 0]
        return wrong

    damping, now = 1e-2, residuals(parameters)
    for _ in range(steps):
        a, b, c = parameters[:-1].reshape(3, width)
        before = x * a + b
        by_bias = slope(before) * c
        jacobian = np.hstack([x * by_bias, by_bias, function(before), np.ones_like(x)])
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ now
        while damping < 1e12:
            damped = normal + damping * np.diag(np.diag(normal) + 1e-9)
            trial = parameters - np.linalg.solve(damped, gradient)
            then = residuals(trial)
            if then @ then < now @ now:
                parameters, now = trial, then
                damping = max(damping / 5, 1e-12)
                break
            damping *= 3
    return math.sqrt(float(now @ now) / len(x))
