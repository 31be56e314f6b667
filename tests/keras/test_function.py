"""mish.keras.mish on the back end that KERAS_BACKEND names."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import mish  # noqa: E402
import mish.keras  # noqa: E402

HARD = np.array(
    [-np.inf, -3e38, -1e4, -104, -88.8, -20, -17, -1, -0.0, 0, 8, 20, 88.8, 3e38, np.inf, np.nan],
    "f",
)
X = np.random.default_rng(0).normal(0, 4, (20, 5)).astype("f")


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_derivatives_at_hard_points(derivatives):
    """Keras' own is NaN at −∞, its slope at ±∞, and its second derivative at 3e38."""
    for order, found in enumerate(derivatives(mish.keras.mish, HARD, 2)):
        np.testing.assert_allclose(found, mish.derivative(HARD, order), rtol=3e-6, atol=1.2e-38)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dtypes(dtype):
    x = keras.ops.cast(X, dtype)
    y = mish.keras.mish(x)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    y, x = (array(keras.ops.cast(each, "float32")) for each in (y, x))
    np.testing.assert_allclose(
        y, mish.mish(x), rtol={"float16": 1e-3, "bfloat16": 8e-3}.get(dtype, 2e-6)
    )


@pytest.mark.parametrize("shape", [(), (0,), (7,), (2, 3, 4, 5)], ids=str)
def test_shapes(shape):
    assert tuple(mish.keras.mish(np.zeros(shape, "f")).shape) == shape


def test_what_becomes_a_tensor():
    np.testing.assert_allclose(array(mish.keras.mish([-1.0, 2.0])), mish.mish([-1.0, 2.0]), 1e-6)
    np.testing.assert_allclose(array(mish.keras.mish(1.0)), mish.mish(1.0), 1e-6)
    variable = keras.Variable(X)
    np.testing.assert_allclose(array(mish.keras.mish(variable)), mish.mish(X), rtol=2e-6)


def test_only_the_back_end_in_use_is_imported(backend):
    show = """
import sys
import numpy, mish.keras
adapters = {"mish.jax", "mish.tensorflow", "mish.torch"}
print(*sorted(adapters & set(sys.modules)))
mish.keras.mish(numpy.zeros(3, "f"))
print(*sorted(adapters & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    expected = "" if backend == "numpy" else f"mish.{backend}"
    assert shown.stdout.splitlines()[-2:] == ["", expected]


# --- what Keras' own tests ask of its mish ---


def literal(x):
    """Mish as Keras' tests write it."""
    return x * np.tanh(np.logaddexp(0, x))


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(1).random(10),
        np.random.default_rng(2).uniform(-10, 10, (4, 10)),
        np.random.default_rng(3).uniform(-10, 10, (2, 5, 4)),
        np.random.default_rng(4).uniform(10, 20, 8),
        np.random.default_rng(5).uniform(-20, -10, 8),
        np.zeros((2, 4)),
        np.random.default_rng(6).uniform(80, 100, 8),
    ],
    ids=["small", "rows", "block", "positive", "negative", "zero", "large"],
)
def test_values_that_keras_checks(x):
    with mish.keras.accelerate():
        for function in (mish.keras.mish, keras.activations.mish):
            found = array(function(x.astype("f")))
            np.testing.assert_allclose(found, literal(x.astype("f")), rtol=1e-5, atol=1e-6)
