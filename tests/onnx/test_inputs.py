"""The inputs that are made up to run models on."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from mish.onnx import ModelError, verify
from mish.onnx._compare.inputs import generate


def made_up(model: onnx.ModelProto) -> list[dict[str, np.ndarray]]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return list(generate(model, session))


def shapes(model: onnx.ModelProto) -> list[list[tuple[int, ...]]]:
    return [[each.shape for each in arrays.values()] for arrays in made_up(model)]


def test_one_open_axis_of_a_kind_has_its_usual_size(build):
    assert shapes(build("y = Abs(x)", "float[N, 3] x", "float[N, 3] y")) == [[(1, 3)]]
    assert shapes(build("y = Abs(x)", "float[2, H] x", "float[2, H] y")) == [[(2, 64)]]
    assert shapes(build("y = Abs(x)", "float[N, H] x", "float[N, H] y")) == [[(1, 64)]]


def test_axes_get_different_sizes_after_the_usual_ones(build):
    model = build("y = Abs(x)", "float[N, 3, H, W] x, float[?, ?] z", "float[N, 3, H, W] y")
    assert shapes(model) == [
        [(1, 3, 64, 64), (1, 64)],
        [(2, 3, 64, 96), (3, 128)],
        [(2, 3, 64, 64), (3, 64)],
        [(1, 3, 64, 96), (1, 128)],
    ]


def test_axes_of_one_name_are_the_same(build):
    model = build("y = Abs(x)", "float[N, H] x, float[N, H] w", "float[N, H] y")
    assert shapes(model) == [[(1, 64), (1, 64)]]
    (_, apart, *_) = shapes(build("y = Abs(x)", "float[N] x, float[M] w, float[N] z"))
    assert apart == [(2,), (3,), (2,)]


@pytest.mark.parametrize("axes", ["?", "N M"])
def test_what_only_different_sizes_show(build, axes):
    a, b = axes.split() if " " in axes else (axes, axes)
    inputs, outputs = f"float[{a}] x, float[{b}] w", "int64[1] y"
    before, after = build("y = Shape(w)", inputs, outputs), build("y = Shape(x)", inputs, outputs)
    assert verify(before, before).runs == 2
    assert not verify(before, after).agree


def test_a_model_that_takes_only_equal_sizes(build):
    model = build("y = MatMul(x, w)", "float[?, ?] x, float[?, ?] w", "float[A, B] y")
    x = {"x": np.ones((2, 3), np.float32), "w": np.ones((3, 2), np.float32)}
    assert verify(model, model, x).runs == 1
    square = build("y = MatMul(x, x)", "float[A, B] x", "float[A, A] y")
    with pytest.raises(ModelError, match="They were made up; give real ones"):
        verify(square, square)
    side = build("y = MatMul(x, x)", "float[2, A, B] x", "float[2, A, B] y")
    assert verify(side, side).runs == 1


@pytest.mark.parametrize(
    ("body", "mean", "spread"),
    [
        ("a = Sub(x, m) b = Div(a, s) y = Relu(b)", 127.5, 50.0),
        ("a = Div(x, s) b = Sub(a, h) c = Div(b, h) y = Relu(c)", 25.0, 25.0),
        ("t = Transpose<perm = [1, 0]>(x) a = Sub(m, t) y = Relu(a)", 127.5, 1.0),
        ("a = Mul(s, x) b = Add(a, s) y = Relu(b)", -1.0, 0.02),
        ("y = BatchNormalization<epsilon = 0.0>(x, o, o, v, v)", 400.0, 20.0),
        ("a = Relu(x) y = Sub(a, m)", 0.0, 1.0),
        ("a = Sub(x, m) y = Mul(a, x)", 0.0, 1.0),
    ],
)
def test_floats_are_what_the_model_begins_with(body, mean, spread):
    constants = "m = Constant<value = float {127.5}>() s = Constant<value = float {50}>() "
    constants += "h = Constant<value = float {0.5}>() "
    text = f"{constants}{body}".replace(") ", ")\n")
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": 18]> g (float[300, 300] x) => (float[A, B] y) '
        f"{{ {text} }}"
    )
    for name, value in (("o", 1.0), ("v", 400.0)):
        array = np.full(300, value, np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    (arrays,) = made_up(model)
    assert arrays["x"].dtype == np.float32
    assert abs(arrays["x"].mean() - mean) < 0.02 * spread
    assert abs(arrays["x"].std() - spread) < 0.02 * spread


def test_integers_are_what_the_model_begins_with(build):
    body = "f = Cast<to = 1>(x) k = Constant<value = float {255}>() y = Div(f, k)"
    (arrays,) = made_up(build(body, "uint8[100] x", "float[100] y"))
    assert arrays["x"].dtype == np.uint8
    assert arrays["x"].max() > 200
    (arrays,) = made_up(build("y = Gather(w, x)", "int64[100] x, float[2] w", "float[100] y"))
    assert set(arrays["x"]) == {0, 1}
