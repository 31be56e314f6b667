"""mish.tensorflow: alone, in graphs, compiled, saved and converted."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

import mish  # noqa: E402
import mish.tensorflow  # noqa: E402

HARD = np.array(
    [-np.inf, -3e38, -1e4, -104, -88.8, -20, -17, -1, -0.0, 0, 8, 20, 88.8, 3e38, np.inf, np.nan]
)
X = np.random.default_rng(0).normal(0, 4, 500).astype("f")


def graph(function):
    return tf.function(function, autograph=False)


def compiled(function):
    return tf.function(function, autograph=False, jit_compile=True)


def plain(function):
    return function


WAYS = pytest.mark.parametrize("way", [plain, graph, compiled])


def slopes(function, x, order):
    """The function and its derivatives up to an order, by tapes within tapes."""
    if order == 0:
        return [function(x)]
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = slopes(function, x, order - 1)
    return [*found, tape.gradient(found[-1], x)]


def assert_close(found, order, x, rtol=2e-6):
    with np.errstate(all="ignore"):
        expected = mish.derivative(x, order)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-38)


@WAYS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives_at_hard_points(way, dtype):
    """No NaN but of NaN; digits in both tails."""
    x = HARD.astype(dtype)
    for order, found in enumerate(
        way(lambda x: slopes(mish.tensorflow.mish, x, 3))(tf.constant(x))
    ):
        assert_close(found.numpy(), order, x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("way", [plain, graph])
def test_16_bits_are_rounded_once(way, dtype):
    x = tf.cast(tf.constant(X), dtype)
    dy = tf.cast(tf.constant(X[::-1].copy()), dtype)

    def forward_and_backward(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = mish.tensorflow.mish(x)
        return y, tape.gradient(y, x, output_gradients=dy)

    y, dx = way(forward_and_backward)(x, dy)
    np.testing.assert_array_equal(y.numpy(), mish.mish(x.numpy()))
    difference = dx.numpy().astype("f") - mish.mish_grad(dy.numpy(), x.numpy()).astype("f")
    assert np.count_nonzero(difference) <= (0 if way is plain else len(X) // 100)


def test_alone_the_kernel_computes_it(assert_same_bits):
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = mish.tensorflow.mish(x)
    assert_same_bits(y.numpy(), mish.mish(X))
    assert_same_bits(tape.gradient(y, x, output_gradients=x).numpy(), mish.mish_grad(X, X))
    for order in (0, 1, 2, 3, 5):
        found = mish.tensorflow.derivative(x, order).numpy()
        assert_same_bits(found, mish.derivative(X, order))


def test_gradient_of_a_gradient_by_both_factors():
    x, dy, g = (tf.constant(X[i : i + 100]) for i in (0, 100, 200))
    with tf.GradientTape() as outer:
        outer.watch([x, dy])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = mish.tensorflow.mish(x)
        dx = tape.gradient(y, x, output_gradients=dy)
    by_x, by_dy = outer.gradient(dx, [x, dy], output_gradients=g)
    assert_product = functools.partial(np.testing.assert_allclose, rtol=1e-6)
    assert_product(by_x, g.numpy() * dy.numpy() * mish.mish_d2(x.numpy()))
    assert_product(by_dy, g.numpy() * mish.mish_d1(x.numpy()))


def test_where_another_device_holds_the_numbers(monkeypatch):
    """There it is compiled as a function of its own."""
    monkeypatch.setattr(mish.tensorflow, "_on_cpu", lambda x: False)
    x = HARD.astype("f")
    for order, found in enumerate(slopes(mish.tensorflow.mish, tf.constant(x), 2)):
        assert_close(found.numpy(), order, x)


def test_jacobian_forward_mode_and_vectorized_map():
    x = tf.constant(X[:8])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = mish.tensorflow.mish(x)
    np.testing.assert_allclose(tape.jacobian(y, x), np.diag(mish.mish_d1(X[:8])), rtol=1e-5)
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as forward:
        y = mish.tensorflow.mish(x)
    np.testing.assert_allclose(forward.jvp(y), mish.mish_d1(X[:8]), rtol=1e-6)
    mapped = tf.vectorized_map(mish.tensorflow.mish, x)
    np.testing.assert_allclose(mapped, mish.mish(X[:8]), rtol=1e-6)


@WAYS
def test_shapes(way):
    function = way(mish.tensorflow.mish)
    for shape in ((), (0,), (3, 0), (2, 3, 4)):
        assert function(tf.zeros(shape)).shape == shape


def test_unknown_shapes():
    function = tf.function(
        mish.tensorflow.mish, input_signature=[tf.TensorSpec(None)], autograph=False
    )
    for shape in ((), (3,), (2, 3)):
        assert function(tf.zeros(shape)).shape == shape


def test_what_becomes_a_tensor():
    """As tfa.activations.mish takes it."""
    for x in ([1.0, 2.0], 1.0, np.float64([1, 2]), tf.Variable([1.0, 2.0])):
        expected = mish.mish(tf.convert_to_tensor(x).numpy())
        np.testing.assert_array_equal(mish.tensorflow.mish(x), expected)


def test_autograph_leaves_it_alone():
    @tf.function
    def loop(x):
        for _ in range(3):
            if tf.reduce_sum(x) > 0:
                x = mish.tensorflow.mish(x)
        return x

    np.testing.assert_allclose(loop(tf.constant(2.0)), mish.mish(mish.mish(mish.mish(2.0))), 1e-6)


class Model(tf.Module):
    """One layer, as a function with a signature."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        return mish.tensorflow.mish(x)


def test_a_saved_model_runs_without_mish(tmp_path):
    tf.saved_model.save(Model(), str(tmp_path / "model"))
    show = f"""
import sys
sys.modules["mish"] = None
import numpy as np, tensorflow as tf
model = tf.saved_model.load({str(tmp_path / "model")!r})
x = tf.constant({X[:50].tolist()})
with tf.GradientTape() as tape:
    tape.watch(x)
    y = model(x)
print(np.stack([y, tape.gradient(y, x)]).tolist())
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    y, dx = np.array(eval(shown.stdout.splitlines()[-1]), "f")
    np.testing.assert_allclose(y, mish.mish(X[:50]), rtol=1e-6)
    np.testing.assert_allclose(dx, mish.mish_d1(X[:50]), rtol=1e-5)


@pytest.mark.filterwarnings("ignore")  # TensorFlow's interpreter announces its own end
def test_tflite(tmp_path):
    tf.saved_model.save(Model(), str(tmp_path))
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert()
    interpreter = tf.lite.Interpreter(model_content=content)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, [len(X)])
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, X)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, mish.mish(X), rtol=2e-6)
