"""mish.keras.accelerate: what it changes, and how it ends."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import mish  # noqa: E402
import mish.keras  # noqa: E402

TAIL = np.full((1, 4), -np.inf, "f")  # where Keras' own Mish is NaN
pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # so NumPy says


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def is_ours():
    return not np.isnan(array(keras.activations.mish(keras.ops.convert_to_tensor(TAIL)))).any()


def test_context_and_undo():
    assert not is_ours()
    with mish.keras.accelerate():
        with mish.keras.accelerate():
            assert is_ours()
        mish.keras.accelerate().undo()
        assert is_ours()
    assert not is_ours()
    for _ in range(3):
        acceleration = mish.keras.accelerate()
    assert is_ours()
    acceleration.undo()
    assert not is_ours()


def test_the_gradient_is_right_in_the_left_tail(derivatives):
    x = np.array([-100.0, -40, -20], "f")
    with mish.keras.accelerate():
        _, slope = derivatives(keras.activations.mish, x, 1)
    np.testing.assert_allclose(slope, mish.mish_d1(x), rtol=3e-6, atol=1.2e-38)


def test_every_way_to_the_name(tmp_path):
    """Layers by name or function, made before, loaded from a file."""
    layers = [
        keras.layers.Activation("mish"),
        keras.layers.Activation(keras.activations.mish),
        keras.layers.Activation(keras.activations.get("mish")),
        keras.layers.Activation(keras.activations.deserialize("mish")),
    ]
    model = keras.Sequential([keras.Input((4,)), keras.layers.Activation("mish")])
    model.save(tmp_path / "model.keras")
    layers.append(keras.saving.load_model(tmp_path / "model.keras"))
    for layer in layers:
        assert np.isnan(array(layer(TAIL))).all()
        with mish.keras.accelerate():
            assert not np.isnan(array(layer(TAIL))).any()
        assert np.isnan(array(layer(TAIL))).all()
    with mish.keras.accelerate():
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert not np.isnan(array(loaded(TAIL))).any()
        again = keras.activations.serialize(keras.activations.mish)
    assert again == "mish"


def test_a_model_is_the_same(backend):
    if backend == "numpy":
        pytest.skip("Keras does not train on NumPy")
    x = np.random.default_rng(0).normal(size=(64, 8)).astype("f")

    def train():
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((8,)),
                keras.layers.Dense(16, activation="mish"),
                keras.layers.Dense(2, activation="mish"),
            ]
        )
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(x, x[:, :2], epochs=3, verbose=0)
        return model.predict(x, verbose=0)

    theirs = train()
    with mish.keras.accelerate():
        mine = train()
    np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def test_importing_changes_nothing():
    show = """
import keras
before = keras.activations.mish, keras.activations.get("mish")
import mish.keras
print(before == (keras.activations.mish, keras.activations.get("mish")))
print(keras.activations.mish(keras.ops.convert_to_tensor([float("-inf")])))
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert "True" in shown.stdout
    assert "nan" in shown.stdout
