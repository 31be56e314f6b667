"""Mish, MishGradient and the gradient of that: values against the truth, and the contract."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from mish import reference
from mish.caffe2 import GetMishGradient, MishGradientOp, MishOp, core, invoke, workspace
from mish.ulp import error

DTYPES = [np.dtype(each) for each in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)]
PLACES = [  # tails, zeros of the function's derivatives, the middle, special values
    *(-1e4, -104, -88.8, -20, -17, -16.5, -5, -2.2563763, -1.1924312, -0.5, 0.25, 0.5, 1),
    *(1.4905712, 3, 8, 20, 88.8, 1e4, 0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40),
]


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def x(dtype):
    middle = np.random.default_rng(0).uniform(-12, 12, 500)
    return np.concatenate([PLACES, middle]).astype(dtype)


def test_mish_is_right(x, dtype):
    y = invoke(MishOp(), x)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    assert error(y, x).max() < 1.04
    np.testing.assert_array_equal(np.signbit(y), np.signbit(reference.rounded(x, dtype)))


def test_the_gradient_is_right(x, dtype):
    dx = invoke(MishGradientOp(), x, np.zeros_like(x), np.ones_like(x))
    assert (dx.dtype, dx.shape) == (dtype, x.shape)
    assert error(dx, x, order=1).max() < 1.1


def test_the_gradient_is_right_where_caffe2_is_wrong():
    x = np.array([-np.inf, np.inf, -16.6, -20, -50, -88], np.float32)
    dx = invoke(MishGradientOp(), x, x, np.ones_like(x))
    assert dx[0] == 0
    assert dx[1] == 1
    assert (dx[2:] < 0).all()
    np.testing.assert_allclose(dx, reference.rounded(x, np.float32, order=1), rtol=1e-6)
    assert invoke(MishOp(), x[:1]) == 0


@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (2, 0, 3), (2, 3, 4)])
def test_shapes(shape, dtype):
    x = np.full(shape, 0.5, dtype)
    assert invoke(MishOp(), x).shape == shape
    assert invoke(MishGradientOp(), x, x, x).shape == shape


def test_strides_do_not_matter(dtype):
    x = np.linspace(-3, 3, 24).astype(dtype).reshape(4, 6)
    for view in (x.T, x[::2, ::-1], x[:, 1]):
        y = invoke(MishOp(), view)
        assert error(y, view).max() < 1.04
        np.testing.assert_array_equal(y, invoke(MishOp(), view.copy()))


def test_only_the_numbers_of_elements_must_agree():
    x, y, dy = (np.full(shape, 0.5, np.float32) for shape in ((2, 6), (12,), (3, 4)))
    dx = invoke(MishGradientOp(), x, y, dy)
    expected = 0.5 * reference.rounded(x, np.float32, order=1)
    np.testing.assert_allclose(dx, expected, rtol=2**-22)


def test_what_y_holds_is_not_used():
    x = np.linspace(-3, 3, 7, dtype=np.float32)
    first = invoke(MishGradientOp(), x, invoke(MishOp(), x), x)
    np.testing.assert_array_equal(invoke(MishGradientOp(), x, np.full(7, np.nan, "f"), x), first)


def test_arguments_and_engine_do_not_matter():
    x = np.linspace(-3, 3, 7, dtype=np.float32)
    op = MishOp(engine="CUDNN", foo=3)
    np.testing.assert_array_equal(invoke(op, x), invoke(MishOp(), x))


def test_results_are_new_arrays():
    x = np.linspace(-3, 3, 7, dtype=np.float32)
    y = invoke(MishOp(), x)
    assert not np.shares_memory(x, y)
    assert x.flags.writeable


def test_the_gradient_maker(data):
    plain = MishOp()
    assert plain.SerializeToString() == (data / "mish_op.pb").read_bytes()
    ops, inputs = GetMishGradient(plain, ["Y_grad"])
    assert inputs == ["X_grad"]
    assert ops[0].SerializeToString() == (data / "mish_gradient_op.pb").read_bytes()


def test_the_gradient_maker_copies_device_engine_and_arguments(data):
    device = core.DeviceOption(0, 0)
    decorated = MishOp(name="m1", device_option=device, engine="ENG", foo=3)
    assert decorated.SerializeToString() == (data / "mish_op_decorated.pb").read_bytes()
    for make in (GetMishGradient, core.GradientRegistry.GetGradientForOp):
        ops, _ = make(decorated, ["Y_grad"])
        expected = (data / "mish_gradient_op_decorated.pb").read_bytes()
        assert ops[0].SerializeToString() == expected


def test_second_derivative_of_a_net(dtype):
    x = np.concatenate([np.linspace(-9, 9, 301), [-1.1924312, 0, 20]]).astype(dtype)
    net = core.Net("second")
    net.Mish("X", "Y")
    ones = {"Y": "ones", "X_grad": "ones"}
    assert net.AddGradientOperators({"Y": "ones"})["X"] == "X_grad"
    gradients = net.AddGradientOperators({"X_grad": ones["X_grad"]})
    workspace.FeedBlob("X", x)
    workspace.FeedBlob("ones", np.ones_like(x))
    workspace.RunNetOnce(net)
    assert error(workspace.FetchBlob(gradients["X"]), x, order=2).max() < 1.1
    assert error(workspace.FetchBlob(gradients["ones"]), x, order=1).max() < 1.1
    assert error(workspace.FetchBlob("X_grad"), x, order=1).max() < 1.1  # still the first


def test_gradients_of_the_gradient_with_respect_to_both_inputs():
    rng = np.random.default_rng(0)
    x, dy, ddx = rng.normal(0, 3, (3, 50))
    op = core.CreateOperator("MishGradient", ["X", "Y", "dY"], "dX")
    ops, inputs = core.GradientRegistry.GetGradientForOp(op, ["ddX"])
    assert inputs == ["X_grad", None, "dY_grad"]
    by_x, by_dy = invoke(ops[0], x, dy, ddx)
    d1, d2 = (reference.rounded(x, np.float64, order=order) for order in (1, 2))
    np.testing.assert_allclose(by_x, ddx * dy * d2, rtol=1e-14)
    np.testing.assert_allclose(by_dy, ddx * d1, rtol=1e-14)


def test_the_gradient_of_dy_has_its_shape():
    x, dy, ddx = np.ones((2, 3)), np.ones(6), np.ones((3, 2))
    op = core.CreateOperator("MishGradientGradient", ["X", "dY", "ddX"], ["a", "b"])
    by_x, by_dy = invoke(op, x, dy, ddx)
    assert (by_x.shape, by_dy.shape) == ((2, 3), (6,))


def test_every_float16_is_correctly_rounded():
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    y = invoke(MishOp(), x)
    numbers = ~np.isnan(x)
    expected = reference.rounded(x[numbers], np.float16)
    np.testing.assert_array_equal(y[numbers].view(np.uint16), expected.view(np.uint16))
    assert np.isnan(y[~numbers]).all()
