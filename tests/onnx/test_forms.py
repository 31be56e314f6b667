from __future__ import annotations

import numpy as np
import onnx
import pytest

from mish.onnx import optimize
from mish.ulp import error

# The kernels of ONNX Runtime reach 3.7 ulp on the machine where the form was chosen.
ULP = {np.float16: 0.51, np.float32: 5.0, np.float64: 5.0}
NAMES = {np.float16: "float16", np.float32: "float", np.float64: "double"}
LEFT = (-80, -40, -20, -18.25, -17, -16, -10, -5, -2.256376, -1.192431, -0.3465736, -1e-3, -1e-6)
RIGHT = (1e-6, 0.25, 1, 1.490571, 5, 8, 11, 20, 44, 45, 88, 89, 710, 1e4)
HARD = np.array([*LEFT, -0.0, 0.0, *RIGHT])


def mish_of(build, run, x: np.ndarray, body: str | None = None) -> np.ndarray:
    kind = NAMES[x.dtype.type]
    model = build(body or "y = Mish(x)", f"{kind}[N] x", f"{kind}[N] y")
    report = optimize(model)
    assert "Mish" not in {node.op_type for node in report.model.graph.node}
    return run(report.model, x=x)[0]


@pytest.mark.parametrize("dtype", ULP)
def test_is_accurate_in_the_tails_and_between(build, run, dtype):
    x = HARD.astype(dtype)
    y = mish_of(build, run, x)
    assert y.dtype == dtype
    assert error(y, x).max() < ULP[dtype]


def test_is_accurate_over_random_bits(build, run):
    bits = np.random.default_rng(0).integers(0, 1 << 32, 20_000, dtype=np.uint32)
    x = bits.view(np.float32)
    x = np.concatenate([x[x > -88], np.linspace(-88, 20, 5_000, dtype=np.float32)])
    assert error(mish_of(build, run, x), x).max() < ULP[np.float32]


def test_every_float16(build, run):
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x)]
    wide = x.astype(np.float64)
    n = np.exp(np.minimum(wide, 40)) * (np.exp(np.minimum(wide, 40)) + 2)
    want = (wide * (n / (n + 2))).astype(np.float16)
    step = np.abs(mish_of(build, run, x).view(np.int16) - want.view(np.int16).astype(int))
    assert step.max() <= 1


def test_what_vanishes_in_float32(build, run):
    x = np.array([-88.5, -95, -104, -1e4, -3e38], np.float32)
    y = mish_of(build, run, x)
    assert np.all(np.signbit(y))
    assert np.all(y >= -4e-37)
    assert np.all(y[2:] == 0)


def test_special_values_are_as_in_the_three_nodes(build, run):
    x = np.array([np.nan, np.inf, -np.inf], np.float32)
    y = mish_of(build, run, x)
    np.testing.assert_array_equal(y, [np.nan, np.inf, np.nan])
    np.testing.assert_array_equal(y, run(build(), x=x)[0])


@pytest.mark.parametrize("narrow", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(build, narrow):
    model = build("y = Mish(x)", f"{narrow}[N] x", f"{narrow}[N] y", opset=22)
    nodes = optimize(model).model.graph.node
    casts = [node.attribute[0].i for node in nodes if node.op_type == "Cast"]
    assert casts == [onnx.TensorProto.FLOAT, onnx.TensorProto.DataType.Value(narrow.upper())]
    (one, minus_two) = (node.attribute[0].t for node in nodes if node.op_type == "Constant")
    assert one.data_type == minus_two.data_type == onnx.TensorProto.FLOAT


@pytest.mark.parametrize("opset", range(7, 23))
def test_runs_in_every_opset_with_standard_operators(build, run, opset, runs_opset):
    runs_opset(max(opset, 8))
    model = build(opset=opset)
    model.ir_version = 3 if opset < 9 else 8
    new = optimize(model).model
    onnx.checker.check_model(new, full_check=True)
    assert {node.domain for node in new.graph.node} == {""}
    assert [node.op_type for node in new.graph.node] == [
        *("Constant", "Constant", "Exp", "Sub", "Div", "Div", "Sub", "Div")
    ]
    x = HARD.astype(np.float32)
    assert error(run(new, x=x)[0], x).max() < ULP[np.float32]


def test_shapes_are_kept(build, run):
    for shape in ((), (0,), (2, 0, 3), (2, 3, 4, 5)):
        size = ", ".join(map(str, shape))
        kind = f"float[{size}]" if shape else "float"
        model = build(inputs=f"{kind} x", outputs=f"{kind} y")
        x = np.ones(shape, np.float32)
        assert run(optimize(model).model, x=x)[0].shape == shape
