"""The form for arithmetic in float16, at every number, each operator rounding to float16."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import mish
from mish.onnx import FORMS, find, optimize
from mish.onnx._prove import half
from mish.onnx._prove.operators import compute
from mish.onnx._prove.program import Program

X = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
FINITE = np.isfinite(X)
EXACT = {"float16": 1.0, "sigmoid": 0.51, "native": 0.51}


def rounded(program: Program, x: np.ndarray) -> list[np.ndarray]:
    """The results of all steps, each computed exactly enough in float64 and rounded to float16."""
    values = [x.astype(np.float64)]
    numbers = program.constants.astype(np.float16).astype(np.float64)
    for step in program.steps:
        inputs = [values[i] if i >= 0 else np.asarray(numbers[-1 - i]) for i in step.inputs]
        result = compute(step.op, dict(step.attributes), inputs)
        if result.dtype.kind == "f":
            with np.errstate(over="ignore"):
                result = result.astype(np.float16).astype(np.float64)
        values.append(result)
    return values[1:]


def ulps(got: np.ndarray, x: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Errors in units in the last place of the exact value; those of subnormals are all the same."""
    wide = x.astype(np.float64)
    want = np.where(wide * scale > 40, wide, mish.mish(wide * scale) / scale)
    exponent = np.frexp(np.maximum(np.abs(want), 2.0**-14))[1]
    return np.abs(got - want) / np.ldexp(1.0, exponent - 11)


@pytest.mark.parametrize("scale", [1.0, 2.0, 8.0, 64.0])
def test_every_number_is_within_one_unit(scale):
    x = X[FINITE]
    *between, last = rounded(half.program(scale), x)
    assert ulps(last, x, scale).max() < 1
    free = half.lines(scale)[0].name == "scaled"  # what may overflow: the product with the scale
    for line, values in zip(half.lines(scale), between, strict=False):
        if not free or line.name not in ("scaled", "size", "minus"):
            assert np.isfinite(values).all(), line


def test_ends():
    ends = np.array([np.inf, -np.inf, np.nan], np.float16)
    np.testing.assert_array_equal(rounded(half.program(1.0), ends)[-1], [np.inf, -0.0, np.nan])


def test_its_constants_are_numbers_of_float16():
    numbers = half.program(1.0).constants
    np.testing.assert_array_equal(numbers, numbers.astype(np.float16))


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float", "double"])
def test_it_is_known_again(build, kind):
    for body in ("y = Mish(x)", "k = Mul(x, eight) m = Mish(k) y = Div(m, eight)"):
        model = build(body, f"{kind}[N] x", f"{kind}[N] y", opset=22)
        (site,) = find(model)
        new = optimize(model, "float16").model
        onnx.checker.check_model(new, full_check=True)
        (again,) = find(new)
        assert (again.input, again.output, again.scale) == ("x", "y", site.scale)
        assert optimize(new, "float16").rewritten == ()


def test_another_constant_makes_it_another_function(build):
    new = optimize(build("y = Mish(x)"), "float16").model
    for node in new.graph.node:
        if node.op_type == "Constant" and "0.6396" in node.name:
            node.attribute[0].t.CopyFrom(
                onnx.helper.make_tensor("", onnx.TensorProto.FLOAT, [], [0.63916015625])
            )
    assert find(new) == []


@pytest.mark.parametrize("form", EXACT)
def test_every_number_in_onnx_runtime(build, run, form):
    """Its kernels compute in float32 and round between some nodes."""
    new = optimize(build("y = Mish(x)", "float16[N] x", "float16[N] y"), form).model
    got = run(new, x=X[FINITE])[0].astype(np.float64)
    assert ulps(got, X[FINITE]).max() < EXACT[form]


def test_in_float32_it_is_as_good_as_float16(build, run):
    x = np.linspace(-30, 30, 20_001, dtype=np.float32)
    got = run(optimize(build("y = Mish(x)"), "float16").model, x=x)[0]
    np.testing.assert_allclose(got, mish.mish(x), rtol=4e-4, atol=1e-30)


def test_the_other_forms_are_not(build):
    """Why there is this one."""
    worst = {}
    for form in ("softplus", "sigmoid"):
        (site,) = find(build("y = Mish(x)"))
        model = optimize(build("y = Mish(x)"), form).model
        nodes = [node for node in model.graph.node if node.op_type != "Constant"]
        assert site and [node.op_type for node in nodes] == FORMS[form].spelling.split(", ")
        constants = {n.output[0]: n for n in model.graph.node if n.op_type == "Constant"}
        values = {"x": X[FINITE].astype(np.float64)}
        for name, node in constants.items():
            values[name] = onnx.numpy_helper.to_array(node.attribute[0].t).astype(np.float64)
        for node in nodes:
            result = compute(node.op_type, {}, [values[name] for name in node.input])
            with np.errstate(over="ignore"):
                values[node.output[0]] = result.astype(np.float16).astype(np.float64)
        errors = ulps(values["y"], X[FINITE])
        worst[form] = np.nan_to_num(errors, nan=np.inf).max()
    assert worst["softplus"] > 8
    assert worst["sigmoid"] > 1000
