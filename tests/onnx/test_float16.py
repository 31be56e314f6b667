"""The form for arithmetic in float16, at every number, each operator rounding to float16."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import onnx
import pytest

import mish
from mish._support.half import lines
from mish.onnx import find, optimize
from mish.onnx._prove import half
from mish.onnx._prove.program import Program, Step

_ARITHMETIC = Path(__file__).parents[2] / "benchmarks" / "onnx" / "half_arithmetic.py"
X = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
X = X[np.isfinite(X)]
WORST = {"float16": 1.0, "sigmoid": 0.51, "native": 0.51}


@pytest.fixture(scope="module")
def arithmetic():
    """What the search for the form stands on."""
    spec = spec_from_file_location("half_arithmetic", _ARITHMETIC)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("scale", [1.0, 2.0, 8.0, 64.0])
def test_every_number_is_within_one_unit(arithmetic, scale):
    *between, last = arithmetic.rounded(half.program(scale), X)
    assert arithmetic.ulps(last, X, scale).max() < 1
    free = lines(scale)[0].name == "scaled"  # what may overflow: the product with the scale
    for line, values in zip(lines(scale), between, strict=False):
        if not free or line.name not in ("scaled", "size", "minus"):
            assert np.isfinite(values).all(), line


def test_ends(arithmetic):
    ends = np.array([np.inf, -np.inf, np.nan], np.float16)
    np.testing.assert_array_equal(
        arithmetic.rounded(half.program(1.0), ends)[-1], [np.inf, -0.0, np.nan]
    )


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


@pytest.mark.parametrize("form", WORST)
def test_every_number_in_onnx_runtime(arithmetic, build, run, form):
    """Its kernels compute in float32 and round between some nodes."""
    new = optimize(build("y = Mish(x)", "float16[N] x", "float16[N] y"), form).model
    got = run(new, x=X)[0].astype(np.float64)
    assert arithmetic.ulps(got, X).max() < WORST[form]


def test_in_float32_it_is_as_good_as_float16(build, run):
    x = np.linspace(-30, 30, 20_001, dtype=np.float32)
    got = run(optimize(build("y = Mish(x)"), "float16").model, x=x)[0]
    np.testing.assert_allclose(got, mish.mish(x), rtol=4e-4, atol=1e-30)


def test_the_plain_form_is_not(arithmetic):
    """Why there is this one."""
    steps = (Step("Softplus", (), (0,)), Step("Tanh", (), (1,)), Step("Mul", (), (0, 2)))
    last = arithmetic.rounded(Program(steps, b""), X)[-1]
    assert arithmetic.ulps(last, X).max() > 8
