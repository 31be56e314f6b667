"""Copy, StopGradient, Concat, Split and Add: what they make, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

from mish import reference
from mish.caffe2 import Caffe2Error, core, invoke, workspace

rng = np.random.default_rng(0)


def op(kind, inputs, outputs=1, **arguments):
    return core.CreateOperator(
        kind, [f"i{n}" for n in range(inputs)], [f"o{n}" for n in range(outputs)], **arguments
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.bool_])
@pytest.mark.parametrize("kind", ["Copy", "StopGradient"])
def test_copies(kind, dtype):
    x = np.arange(6).reshape(2, 3).astype(dtype)
    made = invoke(op(kind, 1), x)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, x)


@pytest.mark.parametrize(("arguments", "axis"), [({}, 1), ({"axis": 0}, 0), ({"axis": -1}, 3)])
def test_concat(arguments, axis):
    a = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    b = np.take(a, [0], axis=axis)
    made, info = invoke(op("Concat", 2, 2, **arguments), a, b)
    np.testing.assert_array_equal(made, np.concatenate([a, b], axis=axis))
    assert info.dtype == np.int32
    assert info.tolist() == [a.shape[axis], 1]


def test_concat_of_channels_that_come_last_and_along_a_new_axis():
    a = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    made, info = invoke(op("Concat", 2, 2, order="NHWC"), a, a)
    assert made.shape == (2, 3, 4, 10)
    made, info = invoke(op("Concat", 3, 2, axis=1, add_axis=1), a, a, a)
    np.testing.assert_array_equal(made, np.stack([a, a, a], axis=1))
    assert info.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "cuts"), [({}, [2, 4]), ({"split": [1, 2, 3]}, [1, 3]), ({"axis": 0}, [1, 2])]
)
def test_split(arguments, cuts):
    x = rng.normal(size=(3, 6)).astype(np.float32)
    made = invoke(op("Split", 1, 3, **arguments), x)
    expected = np.split(x, cuts, axis=arguments.get("axis", 1))
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_split_by_lengths_that_are_an_input_and_without_the_axis():
    x = rng.normal(size=(3, 6)).astype(np.float32)
    one, other = invoke(op("Split", 2, 2), x, np.array([2, 4], np.int32))
    assert (one.shape, other.shape) == ((3, 2), (3, 4))
    pieces = invoke(op("Split", 1, 3, axis=0, add_axis=1), x)
    np.testing.assert_array_equal(np.stack(pieces), x)


def test_the_gradient_goes_through_pieces_and_stops():
    net = core.Net("n")
    x, y = net.AddExternalInput("x", "y")
    joined, _ = net.Concat([net.Mish(x, "mx"), net.Copy(y, "cy")], ["joined", "info"], axis=1)
    left, right = net.Split(joined, ["left", "right"], axis=1, split=[1, 4])
    total = net.Add([net.Mul([left, left], "square"), net.StopGradient(left, "stopped")], "total")
    gradients = net.AddGradientOperators([total, right])
    values = {"x": rng.normal(size=(3, 2)), "y": rng.normal(size=(3, 3))}
    for name, value in values.items():
        workspace.FeedBlob(name, value.astype(np.float32))
    workspace.RunNetOnce(net)
    dx = workspace.FetchBlob(gradients[x])
    t = values["x"].astype(np.float32)
    slope = np.ones_like(t)
    slope[:, :1] = 2 * reference.rounded(t[:, :1], np.float32)
    np.testing.assert_allclose(dx, slope * reference.rounded(t, np.float32, order=1), rtol=1e-5)
    np.testing.assert_array_equal(workspace.FetchBlob(gradients[y]), np.ones((3, 3)))
    assert [each.type for each in net.Proto().op if each.is_gradient_op] == [
        "AddGradient",
        "MulGradient",
        "Concat",
        "Split",
        "CopyOnDeviceLike",
        "MishGradient",
    ]


@pytest.mark.parametrize(
    ("operator", "arrays", "message"),
    [
        (op("Concat", 2, 2), [(2, 3), (3, 3)], r"input X_1 \(blob 'i1'\) has shape \[3, 3\]"),
        (op("Concat", 2, 2), [(2, 3), (2,)], r"X_1 .* has shape \[2\], expected \[2, 3\]"),
        (op("Concat", 2, 1), [(2, 3), (2, 3)], r"has 1 output \('o0'\), expected 2"),
        (op("Concat", 1, 2, axis=2), [(2, 3)], "there is no axis 2 among 2"),
        (op("Concat", 1, 2, axis=0, order="NCHW"), [(2, 3)], "axis or order, not both"),
        (op("Concat", 1, 2, order="CHWN"), [(2, 3)], "must be NCHW or NHWC, not CHWN"),
        (op("Split", 1, 2), [(2, 3)], "3 elements of an axis cannot be cut into 2 equal parts"),
        (op("Split", 1, 2, split=[1, 3]), [(2, 3)], r"\[1, 3\] do not cut the axis 1, .* 3 long"),
        (op("Split", 1, 2, split=[3]), [(2, 3)], "into 2, one for each output"),
        (op("Split", 1, 2, split=[4, -1]), [(2, 3)], r"the lengths \[4, -1\] do not cut"),
        (op("Split", 1, 2, split=[1, 2], add_axis=1), [(2, 3)], "add_axis needs lengths of 1"),
        (op("Add", 2), [(2, 3), (2, 2)], r"cannot be broadcast against input A"),
    ],
)
def test_bad_input(operator, arrays, message):
    with pytest.raises(Caffe2Error, match=message):
        invoke(operator, *(np.zeros(shape, np.float32) for shape in arrays))


def test_lengths_are_given_once_and_types_agree():
    x = np.zeros((2, 3), np.float32)
    with pytest.raises(Caffe2Error, match="its lengths are given twice"):
        invoke(op("Split", 2, 2, split=[1, 2]), x, np.array([1, 2], np.int32))
    with pytest.raises(Caffe2Error, match="is int64, expected float32, the type of X_0"):
        invoke(op("Concat", 2, 2), x, x.astype(np.int64))
    with pytest.raises(Caffe2Error, match="both input X and output Y_1"):
        workspace.FeedBlob("x", x)
        workspace.RunOperatorOnce(core.CreateOperator("Split", ["x"], ["a", "x"]))


def test_every_piece_must_take_part_in_a_gradient():
    net = core.Net("n")
    left, _ = net.Split("x", ["left", "right"], axis=1)
    with pytest.raises(Caffe2Error, match="the gradient of its output 'right' is not provided"):
        net.AddGradientOperators([left])
