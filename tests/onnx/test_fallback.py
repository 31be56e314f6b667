"""The function that stands for the form native where the kernel is not registered."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

import mish
from mish.onnx import find, optimize, register

OPSETS = [8, 11, 14, 15, 18, 22]
DTYPES = {"float": np.float32, "double": np.float64, "float16": np.float16}
HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
HALVES = HALVES[np.isfinite(HALVES)]


def run(model: onnx.ModelProto, registered: bool = False, **inputs: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if registered:
        register(options)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)[0]


def worst(got: np.ndarray, x: np.ndarray) -> float:
    """The largest error in units in the last place, those of subnormals being all the same."""
    want = mish.mish(x.astype(np.float64))
    below = np.nextafter(np.finfo(got.dtype).max, got.dtype.type(0))
    place = np.spacing(np.minimum(np.abs(want), below).astype(got.dtype)).astype(np.float64)
    return float(np.max(np.abs(got.astype(np.float64) - want) / place))


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("kind", DTYPES)
def test_is_accurate_in_every_format(build, kind, opset):
    new = optimize(build(inputs=f"{kind}[N] x", outputs=f"{kind}[N] y", opset=opset), "native")
    onnx.checker.check_model(new.model, full_check=True)
    x = np.linspace(-16 if kind == "float16" else -87, 30, 20_001).astype(DTYPES[kind])
    assert worst(run(new.model, x=x), x) < 5


@pytest.mark.parametrize(
    ("opset", "bound", "left"), [(8, 4, 7e-7), (14, 4, 7e-7), (15, 0.501, 5e-7), (18, 0.501, 5e-7)]
)
def test_every_float16_where_float16_is_computed_with(build, opset, bound, left):
    """As on a GPU. ONNX Runtime's CPU computes in float32 between casts of its own."""
    new = optimize(build(inputs="float16[N] x", outputs="float16[N] y", opset=opset), "native")
    with np.errstate(all="ignore"):
        got = ReferenceEvaluator(new.model).run(None, {"x": HALVES})[0]
    assert got.dtype == np.float16
    right = HALVES > -11
    assert worst(got[right], HALVES[right]) < bound
    want = mish.mish(HALVES[~right].astype(np.float64))
    assert np.max(np.abs(got[~right] - want)) < left
    far = np.array([np.inf, 6e4, -6e4], np.float16)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            ReferenceEvaluator(new.model).run(None, {"x": far})[0], [np.inf, 6e4, 0]
        )


@pytest.mark.parametrize("opset", [13, 14, 15, 22])
def test_bfloat16(build, opset):
    body = (
        "h = Cast<to = 16>(x) f = Cast<to = 1>(h) p = Softplus(f) t = Tanh(p) g = Mul(f, t)"
        " m = Cast<to = 16>(g) y = Cast<to = 1>(m)"
    )
    new = optimize(build(body, opset=opset), "native").model
    x = np.linspace(-20, 20, 1001, dtype=np.float32)
    np.testing.assert_array_equal(run(new, x=x), run(new, registered=True, x=x))


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("keep_io", [False, True])
@pytest.mark.parametrize("order", ["native first", "float16 first"])
def test_conversion_to_float16(build, opset, keep_io, order):
    model = build(opset=opset)
    if order == "native first":
        model = optimize(model, "native").model
    model = convert_float_to_float16(model, keep_io_types=keep_io)
    converted = OnnxModel(model)
    converted.topological_sort()  # the converter puts its casts last
    model = converted.model
    if order == "float16 first":
        model = optimize(model, "native").model
    assert [site.spelling for site in find(model)] == ["mish.onnx.Mish"]
    x = HALVES if not keep_io else HALVES.astype(np.float32)
    for registered in (True, False):
        assert worst(run(model, registered, x=x).astype(np.float16), HALVES) < 0.501


@pytest.mark.parametrize("opset", [11, 18])
def test_of_mixed_types(build, opset):
    body = (
        "d = Cast<to = 11>(x) p = Softplus(d) t = Tanh(p) m = Mul(d, t)"
        " q = Softplus(x) u = Tanh(q) n = Mul(x, u) f = Cast<to = 11>(n) y = Sub(m, f)"
    )
    new = optimize(build(body, outputs="double[N] y", opset=opset), "native").model
    x = np.linspace(-10, 10, 101, dtype=np.float32)
    want = mish.mish(x.astype(np.float64)) - mish.mish(x)
    np.testing.assert_array_equal(run(new, registered=True, x=x), want)
    np.testing.assert_allclose(run(new, x=x), want, atol=3e-6)


def test_serves_the_types_that_were_there_before(build):
    """A Mish in float64 that is native already keeps its digits when one in float32 joins it."""
    model = optimize(build(inputs="double[N] x", outputs="double[N] y"), "native").model
    other = build("g = Cast<to = 1>(x) z = Mish(g)", inputs="double[N] x", outputs="float[N] z")
    model.graph.node.extend(other.graph.node)
    model.graph.output.extend(other.graph.output)
    again = optimize(model, "native").model
    x = np.linspace(-10, 10, 101)
    np.testing.assert_allclose(run(again, x=x), mish.mish(x), rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("kind", DTYPES)
def test_gives_its_output_no_type_by_name(build, kind, opset):
    model = build(inputs=f"{kind}[N] x", outputs=f"{kind}[N] y", opset=opset)
    (function,) = optimize(model, "native").model.functions
    cast, last = function.node[-2:]
    if opset >= 15:
        assert (cast.op_type, cast.input[1]) == ("CastLike", "x")
        assert (last.op_type, last.output[0]) == ("Neg", "y")
    else:
        assert {node.op_type for node in function.node} == {
            "Add",
            "Div",
            "Exp",
            "Mul",
            "Neg",
            "Relu",
        }


@pytest.mark.parametrize("opset", [18, 22])
def test_in_a_branch_that_is_known_not_to_be_taken(build, opset):
    """ONNX Runtime puts it into the graph, where a last node that is dropped is fatal."""
    model = optimize(
        build(
            "c = Constant<value = bool {0}>() p = Mish(x) a = Mish(x) b = Mish(a)"
            " y = If(c) <else_branch = e () => (float[N] u) { u = Mish(b) },"
            " then_branch = t () => (float[N] v)"
            " { o = Constant<value = float {1}>() w = Mish(a) s = Softplus(w) l = CastLike(o, s)"
            " d = Div(s, l) v = Mul(d, b) }>",
            opset=opset,
        ),
        "native",
    ).model
    x = np.linspace(-9, 9, 7, dtype=np.float32)
    assert len(model.graph.node) == 5
    np.testing.assert_allclose(run(model, x=x), mish.mish(mish.mish(mish.mish(x))), rtol=1e-6)
