"""Bad input to mish.tensorflow."""

from __future__ import annotations

import subprocess
import sys

import pytest

tf = pytest.importorskip("tensorflow")

import mish.tensorflow  # noqa: E402

FUNCTIONS = pytest.mark.parametrize(
    "function",
    [
        mish.tensorflow.mish,
        mish.tensorflow.derivative,
        tf.function(mish.tensorflow.mish, autograph=False),
    ],
    ids=["mish", "derivative", "graph"],
)


@FUNCTIONS
@pytest.mark.parametrize("x", [1, [1, 2], True, "1", 1j], ids=repr)
def test_dtypes_without_mish(function, x):
    with pytest.raises(TypeError, match=r"x must be of a floating-point dtype, not \w+: take tf"):
        function(tf.constant(x))


@FUNCTIONS
def test_tensors_of_several_parts(function):
    ragged = tf.ragged.constant([[1.0, 2.0], [3.0]])
    with pytest.raises(TypeError, match=r"not RaggedTensor: take tf.ragged.map_flat_values"):
        function(ragged)
    sparse = tf.sparse.from_dense([0.0, 1.0])
    with pytest.raises(TypeError, match=r"not SparseTensor: take tf.sparse.map_values"):
        function(sparse)


def test_the_ways_that_the_errors_show_work():
    ragged = tf.ragged.map_flat_values(mish.tensorflow.mish, tf.ragged.constant([[1.0], [3.0, 4]]))
    assert ragged.shape == (2, None)
    sparse = tf.sparse.map_values(mish.tensorflow.mish, tf.sparse.from_dense([0.0, 1.0]))
    assert sparse.values.shape == (1,)


def test_orders():
    for order in (-1, -10):
        with pytest.raises(ValueError, match=f"order must be 0 or more, not {order}"):
            mish.tensorflow.derivative(1.0, order)
    for order in (1.0, "1", None, tf.constant(1)):
        with pytest.raises(TypeError, match=r"order must be a Python integer, not \w+"):
            mish.tensorflow.derivative(1.0, order)
    with pytest.raises(ValueError, match="203"):
        mish.tensorflow.derivative(1.0, 204)


def test_a_tensorflow_that_is_too_old():
    show = """
import tensorflow
tensorflow.__version__ = "2.17.1"
try:
    import mish.tensorflow
except ImportError as error:
    print(error)
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == (
        "mish.tensorflow needs tensorflow 2.18 or newer, and 2.17.1 is installed: "
        "pip install 'tensorflow>=2.18'"
    )
