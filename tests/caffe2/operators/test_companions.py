"""The other operators: formats of 16 bits, special values, seeds. Values are in test_cases."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from mish.caffe2 import core, invoke, workspace
from mish.caffe2._contract.registry import GRADIENTS, OPERATORS

NARROW = [np.float16, ml_dtypes.bfloat16]
rng = np.random.default_rng(0)


def op(kind, inputs, **arguments):
    return core.CreateOperator(kind, [f"i{n}" for n in range(inputs)], "out", **arguments)


CALLS = {
    "Relu": [(3, 4)],
    "Sigmoid": [(3, 4)],
    "Tanh": [(3, 4)],
    "Swish": [(3, 4)],
    "Softmax": [(3, 4)],
    "FC": [(3, 4), (5, 4), (5,)],
    "Sum": [(3, 4), (3, 4), (3, 4)],
    "Add": [(3, 4), (4,)],
    "Mul": [(3, 4), (4,)],
    "WeightedSum": [(3, 4), (1,), (3, 4), (1,)],
    "SquaredL2Distance": [(3, 4), (3, 4)],
    "AveragedLoss": [(30, 40)],
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("dtype", NARROW)
def test_16_bits_are_computed_in_float32_and_rounded_once(kind, dtype):
    arrays = [rng.normal(size=shape).astype(dtype) for shape in CALLS[kind]]
    made = invoke(op(kind, len(arrays)), *arrays)
    wide = invoke(op(kind, len(arrays)), *(array.astype(np.float32) for array in arrays))
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, wide.astype(dtype))


def test_convolutions_of_16_bits():
    x, w = (rng.normal(size=(2, 3, 4, 4)).astype(np.float16) for _ in range(2))
    made = invoke(op("Conv", 2, kernel=4, pad=1), x, w)
    wide = invoke(op("Conv", 2, kernel=4, pad=1), x.astype("f"), w.astype("f"))
    assert made.dtype == np.float16
    np.testing.assert_array_equal(made, wide.astype(np.float16))


def test_special_values_raise_no_warning():
    x = np.array([np.inf, -np.inf, np.nan, -1e4, 1e4, -0.0], np.float32)
    np.testing.assert_array_equal(
        invoke(op("Sigmoid", 1), x), np.float32([1, 0, np.nan, 0, 1, 0.5])
    )
    np.testing.assert_array_equal(invoke(op("Relu", 1), x)[[0, 1, 3, 4]], [np.inf, 0, 0, 1e4])
    rows = np.float32([[1e4, -1e4], [3, 3]])
    np.testing.assert_array_equal(invoke(op("Softmax", 1), rows), np.float32([[1, 0], [0.5, 0.5]]))


def test_nothing_is_written_into_inputs():
    for kind, shapes in CALLS.items():
        arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
        before = [array.copy() for array in arrays]
        invoke(op(kind, len(arrays)), *arrays)
        for array, old in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, old)


@pytest.mark.parametrize(
    ("kind", "arguments", "mean", "std", "low", "high"),
    [
        ("XavierFill", {}, 0, np.sqrt(1 / 30), -np.sqrt(3 / 30), np.sqrt(3 / 30)),
        ("GaussianFill", {"mean": 2.0, "std": 0.5}, 2, 0.5, -10, 10),
        ("UniformFill", {"min": -1.0, "max": 3.0}, 1, 4 / np.sqrt(12), -1, 3),
    ],
)
def test_random_fills(kind, arguments, mean, std, low, high):
    fill = op(kind, 0, shape=[200, 30], random_seed=5, **arguments)
    made = invoke(fill)
    assert (made.dtype, made.shape) == (np.float32, (200, 30))
    assert made.mean() == pytest.approx(mean, abs=0.05)
    assert made.std() == pytest.approx(std, rel=0.05)
    assert low <= made.min() < made.max() <= high
    np.testing.assert_array_equal(invoke(fill), made)
    fill.device_option.random_seed = 6
    assert (invoke(fill) != made).any()
    fill.device_option.ClearField("random_seed")
    assert (invoke(fill) != invoke(fill)).any()


def test_xavier_fill_of_a_shape_without_inputs():
    made = invoke(op("XavierFill", 0, shape=[4]))
    assert np.abs(made).max() <= np.sqrt(3)


def test_labels_may_be_int64_and_rows_a_vector():
    x = np.float32([[0.25, 0.75]])
    for label in (np.array([1], np.int64), np.array([[1]], np.int32)):
        np.testing.assert_allclose(invoke(op("LabelCrossEntropy", 2), x, label), -np.log([0.75]))
    np.testing.assert_allclose(
        invoke(op("LabelCrossEntropy", 2), x[0], np.array([0], np.int32)), -np.log([0.25])
    )


def test_no_rows():
    x = np.zeros((0, 3), np.float32)
    labels = np.zeros(0, np.int32)
    assert invoke(op("LabelCrossEntropy", 2), x, labels).shape == (0,)
    assert invoke(op("SquaredL2Distance", 2), x, x).shape == (0,)
    assert invoke(op("Softmax", 1), x).shape == (0, 3)
    assert invoke(op("AveragedLoss", 1), x) == 0
    layer = invoke(op("FC", 3), x, np.ones((2, 3), "f"), np.ones(2, "f"))
    assert layer.shape == (0, 2)
    gradient = core.CreateOperator("LabelCrossEntropyGradient", ["x", "l", "dy"], "dx")
    assert invoke(gradient, x, labels, np.zeros(0, "f")).shape == (0, 3)


def test_fcgradient_may_leave_out_dx():
    gradient = core.CreateOperator("FCGradient", ["x", "w", "dy"], ["dw", "db"])
    dw, db = invoke(gradient, np.ones((3, 4)), np.ones((5, 4)), np.ones((3, 5)))
    np.testing.assert_array_equal(dw, np.full((5, 4), 3))
    np.testing.assert_array_equal(db, np.full(5, 3))


def test_those_for_inference_have_no_gradient_and_say_so():
    for kind in ("Conv", "SpatialBN"):
        assert kind in OPERATORS
        assert kind not in GRADIENTS


@pytest.mark.parametrize(
    ("kind", "blobs"),
    [("Relu", 1), ("Sigmoid", 1), ("Tanh", 1), ("Sum", 2), ("Add", 2), ("Mul", 2)],
)
def test_in_place(kind, blobs):
    x = rng.normal(size=(3, 4)).astype(np.float32)
    expected = invoke(op(kind, blobs), *[x] * blobs)
    workspace.FeedBlob("x", x)
    workspace.FeedBlob("y", x)
    workspace.RunOperatorOnce(core.CreateOperator(kind, ["x", "y"][:blobs], "x"))
    np.testing.assert_array_equal(workspace.FetchBlob("x"), expected)
