"""Models with Mish: made, trained, saved, loaded and exported."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import mish  # noqa: E402
import mish.keras  # noqa: E402

X = np.random.default_rng(0).normal(0, 3, (32, 8)).astype("f")
Y = np.tanh(X[:, :3])


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


@keras.saving.register_keras_serializable(package="tests")
class Network(keras.Model):
    """A model by subclassing."""

    def __init__(self, **options):
        super().__init__(**options)
        self.first = keras.layers.Dense(16, activation=mish.keras.mish)
        self.second = keras.layers.Dense(16)
        self.mish = mish.keras.Mish()
        self.last = keras.layers.Dense(3)

    def call(self, x):
        return self.last(self.mish(self.second(self.first(x))))


def functional():
    inputs = keras.Input((8,))
    x = keras.layers.Dense(16, activation="mish")(inputs)
    x = keras.layers.Dense(16, activation=mish.keras.mish)(x)
    x = mish.keras.mish(keras.layers.Dense(16)(x))
    x = mish.keras.Mish(name="last_mish")(keras.layers.Dense(16)(x))
    return keras.Model(inputs, keras.layers.Dense(3)(x))


def sequential():
    layers = [keras.layers.Dense(16), mish.keras.Mish(), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((8,)), *layers])


def subclassed():
    model = Network()
    model(X[:1])
    return model


MODELS = pytest.mark.parametrize("make", [functional, sequential, subclassed])


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


@MODELS
def test_training(make, backend):
    if backend == "numpy":
        pytest.skip("Keras does not train on NumPy")
    model = make()
    model.compile(keras.optimizers.Adam(0.01), "mse")
    losses = model.fit(X, Y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 3
    np.testing.assert_allclose(model.predict(X, verbose=0), array(model(X)), rtol=1e-4, atol=1e-5)


@MODELS
def test_saving_and_loading(make, tmp_path):
    model = make()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(array(loaded(X)), array(model(X)), rtol=1e-5, atol=1e-6)
    assert [type(each) for each in loaded.layers] == [type(each) for each in model.layers]


def test_a_model_whose_activation_is_ours_loads_without_mish(tmp_path):
    """It is saved by the name that Keras' own has."""
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation=mish.keras.mish)])
    model.save(tmp_path / "model.keras")
    show = f"""
import sys
sys.modules["mish"] = None
import keras
model = keras.saving.load_model({str(tmp_path / "model.keras")!r})
print(model.layers[-1].activation is keras.activations.mish)
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert shown.stdout.split()[-1] == "True"


def test_the_layer_in_a_file_before_mish_keras_is_imported(tmp_path):
    sequential().save(tmp_path / "model.keras")
    show = f"""
import keras
def load():
    return keras.saving.load_model({str(tmp_path / "model.keras")!r})
try:
    load()
except (TypeError, ValueError) as error:
    print("Mish" in str(error))
import mish.keras
print(type(load().layers[1]) is mish.keras.Mish)
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert set(shown.stdout.split()) == {"True"}


def test_the_layer():
    layer = mish.keras.Mish(name="here", dtype="float32")
    again = mish.keras.Mish.from_config(layer.get_config())
    assert (again.name, again.dtype_policy.name) == ("here", "float32")
    assert layer.compute_output_shape((None, 3)) == (None, 3)
    assert layer.supports_masking
    assert not layer.weights
    assert layer(keras.Input((2, 3))).shape == (None, 2, 3)


def test_masks_go_through():
    inputs = keras.Input((4,), dtype="int32")
    x = keras.layers.Embedding(10, 3, mask_zero=True)(inputs)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(mish.keras.Mish()(x)))
    words = np.array([[1, 2, 0, 0]])
    alone = mish.mish(array(model.layers[1](words)))[:, :2].mean(axis=1)
    np.testing.assert_allclose(array(model(words)), alone, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy, backend):
    layer = mish.keras.Mish(dtype=policy)
    y = layer(keras.ops.convert_to_tensor(X))
    assert keras.backend.standardize_dtype(y.dtype) == policy.removeprefix("mixed_")
    narrow = keras.ops.cast(X, policy.removeprefix("mixed_"))
    y, narrow = (array(keras.ops.cast(each, "float32")) for each in (y, narrow))
    np.testing.assert_allclose(
        y, mish.mish(narrow), rtol=1e-3 if policy == "mixed_float16" else 8e-3
    )
    if backend == "numpy":
        return
    keras.config.set_dtype_policy(policy)
    try:
        model = functional()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(keras.optimizers.Adam(0.01), "mse")
    losses = model.fit(X, Y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 3
    assert not any(np.isnan(array(each)).any() for each in model.weights)


@pytest.mark.parametrize("format", ["tf_saved_model", "onnx"])
@pytest.mark.filterwarnings("ignore")  # exporters announce their own future
def test_export(format, backend, tmp_path):
    """What is exported runs where this package is not."""
    needs = {"jax": {"onnx": "jax2onnx"}, "tensorflow": {"onnx": "tf2onnx"}}
    if backend == "numpy" or (backend, format) == ("torch", "tf_saved_model"):
        pytest.skip(f"Keras does not export {format} from {backend}")
    pytest.importorskip(needs.get(backend, {}).get(format, "tensorflow"))
    path = tmp_path / "model.onnx"
    with mish.keras.accelerate():
        model = functional()
        expected = array(model(X))
        model.export(path, format=format, verbose=False)
    load = {
        "onnx": """
import onnxruntime
session = onnxruntime.InferenceSession(PATH)
(found,) = session.run(None, {session.get_inputs()[0].name: X})
""",
        "tf_saved_model": """
import tensorflow as tf
model = tf.saved_model.load(PATH)
found = model.serve(X).numpy()
""",
    }[format]
    code = f"""
import sys
sys.modules["mish"] = None
import numpy as np
PATH, X = {str(path)!r}, np.load({str(tmp_path / "x.npy")!r})
{load}
np.save({str(tmp_path / "y.npy")!r}, found)
"""
    np.save(tmp_path / "x.npy", X)
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected, rtol=1e-4, atol=1e-5)
