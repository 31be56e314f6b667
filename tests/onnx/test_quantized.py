"""Mish before, after and between ONNX Runtime's quantiser."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
import pytest
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    get_qdq_config,
    quantize,
    quantize_dynamic,
    quantize_static,
    registry,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from mish.onnx import FORMS, find, find_quantized, optimize, verify

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
FORMATS = [QuantFormat.QDQ, QuantFormat.QOperator]
TO_QUANTISE = [form for form in FORMS if form != "float16"]  # whose constants have 11 bits
WITHIN = 0.005  # of the accuracy of the old model, quantised in the same way


class Batches(CalibrationDataReader):
    def __init__(self, **batches: np.ndarray) -> None:
        ((name, arrays),) = batches.items()
        self._feeds = iter([{name: array} for array in arrays])

    def get_next(self):
        return next(self._feeds, None)


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    with np.load(DIGITS / "held_out.npz") as held_out:
        return held_out["images"][:, None] / np.float32(255), held_out["labels"]


def accuracy(model: Path) -> float:
    images, labels = digits()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return float(np.mean(session.run(None, {"images": images})[0].argmax(1) == labels))


def quantized_digits(source: Path, target: Path, layout=QuantFormat.QDQ, **options: object) -> Path:
    quantize_static(source, target, Batches(images=digits()[0][None, :40]), layout, **options)
    return target


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> dict[QuantFormat, Path]:
    """The digit network, quantised as it came."""
    folder = tmp_path_factory.mktemp("old")
    model = DIGITS / "digits.onnx"
    return {each: quantized_digits(model, folder / f"{each}.onnx", each) for each in FORMATS}


@pytest.fixture(scope="module")
def right(old) -> dict[QuantFormat, float]:
    """Its accuracy."""
    return {layout: accuracy(model) for layout, model in old.items()}


def optimized_digits(folder: Path, form: str) -> Path:
    optimize(DIGITS / "digits.onnx", form).save(folder / "optimized.onnx")
    return folder / "optimized.onnx"


def test_the_default_form_is_made_of_what_the_quantiser_leaves_alone():
    taken = {*registry.QDQRegistry, *registry.QLinearOpsRegistry, *registry.IntegerOpsRegistry}
    assert {"Add", "Mul"} <= taken
    assert taken.isdisjoint(FORMS["sigmoid"].spelling.split(", "))


@pytest.mark.slow
@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("form", TO_QUANTISE)
def test_optimised_then_quantised(right, tmp_path, form, layout):
    source = optimized_digits(tmp_path, form)
    new = quantized_digits(source, tmp_path / "new.onnx", layout)
    assert abs(accuracy(new) - right[layout]) <= WITHIN
    assert len(find(new) + find_quantized(new)) == 5


@pytest.mark.slow
@pytest.mark.parametrize("method", [CalibrationMethod.Entropy, CalibrationMethod.Percentile])
def test_optimised_then_quantised_by_other_methods(right, tmp_path, method):
    source = optimized_digits(tmp_path, "sigmoid")
    new = quantized_digits(source, tmp_path / "new.onnx", calibrate_method=method)
    assert abs(accuracy(new) - right[QuantFormat.QDQ]) <= WITHIN


@pytest.mark.slow
def test_optimised_then_quantised_dynamically(right, tmp_path):
    source = optimized_digits(tmp_path, "sigmoid")
    quantize_dynamic(source, tmp_path / "new.onnx")
    assert abs(accuracy(tmp_path / "new.onnx") - right[QuantFormat.QDQ]) <= WITHIN


@pytest.mark.parametrize("form", ["sigmoid", "native"])
def test_optimised_then_prepared_and_quantised(right, tmp_path, form):
    source = optimized_digits(tmp_path, form)
    quant_pre_process(source, tmp_path / "prepared.onnx")
    new = quantized_digits(tmp_path / "prepared.onnx", tmp_path / "new.onnx")
    assert abs(accuracy(new) - right[QuantFormat.QDQ]) <= WITHIN
    assert len(find(new)) == 5


@pytest.mark.parametrize(("form", "excluded"), [("op", ()), ("sigmoid", ("Exp", "Sub", "Div"))])
def test_where_every_operator_is_quantised(right, tmp_path, form, excluded):
    source = optimized_digits(tmp_path, form)
    config = get_qdq_config(
        source,
        Batches(images=digits()[0][None, :40]),
        nodes_to_exclude=lambda model, node: node.op_type in excluded,
    )
    quantize(source, tmp_path / "new.onnx", config)
    assert abs(accuracy(tmp_path / "new.onnx") - right[QuantFormat.QDQ]) <= WITHIN


def test_quantised_with_mish_then_looked_up(right, tmp_path):
    source = optimized_digits(tmp_path, "op")
    kinds = [*registry.QDQRegistry, "Mish"]
    between = quantized_digits(source, tmp_path / "q.onnx", op_types_to_quantize=kinds)
    report = optimize(between, "lookup")
    assert (len(report.rewritten), report.skipped) == (5, ())
    report.save(tmp_path / "new.onnx")
    assert verify(between, tmp_path / "new.onnx").agree
    assert abs(accuracy(tmp_path / "new.onnx") - right[QuantFormat.QDQ]) <= WITHIN


@pytest.mark.parametrize("layout", FORMATS)
def test_quantised_then_optimised(right, tmp_path, layout):
    between = quantized_digits(
        DIGITS / "digits.onnx", tmp_path / "q.onnx", layout, op_types_to_quantize=["Conv", "Gemm"]
    )
    report = optimize(between)
    assert len(report.rewritten) == 5
    assert report.quantized == ()
    report.save(tmp_path / "new.onnx")
    assert abs(accuracy(tmp_path / "new.onnx") - right[layout]) <= WITHIN


@pytest.mark.parametrize("layout", FORMATS)
def test_mish_that_is_quantised_inside_is_told_and_left(old, layout):
    model = onnx.load(old[layout])
    assert find(model) == []
    assert [site.spelling for site in find_quantized(model)] == ["Softplus, Tanh, Mul"] * 5
    report = optimize(model)
    assert report.quantized == tuple(find_quantized(model))
    assert report.model == model


@pytest.fixture
def floating(build, tmp_path):
    """Makes a file: some nodes from h to m between two products."""

    def make(body: str) -> Path:
        text = f"h = MatMul(x, v) {body} y = MatMul(m, v)"
        model = build(text, "float[4, 8] x", "float[4, 8] y")
        weights = np.random.default_rng(1).normal(0, 1, (8, 8)).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "v"))
        onnx.save(model, tmp_path / "float.onnx")
        return tmp_path / "float.onnx"

    return make


BATCHES = np.random.default_rng(0).normal(0, 2, (8, 4, 8)).astype(np.float32)


def quantized(source: Path, **options: object) -> onnx.ModelProto:
    target = source.with_name("quantized.onnx")
    quantize_static(source, target, Batches(x=BATCHES), **options)
    return onnx.load(target)


def quantisation(model):
    return sorted(
        node.SerializeToString() for node in model.graph.node if "Quantize" in node.op_type
    )


PARTS = "p = Softplus(h) t = Tanh(p) m = Mul(h, t)"


@pytest.mark.parametrize("form", FORMS)
def test_mish_between_quantized_products(floating, form):
    model = quantized(floating(PARTS), op_types_to_quantize=["MatMul"])
    report = optimize(model, form)
    onnx.checker.check_model(report.model, full_check=True)
    assert len(report.rewritten) + len(report.skipped) == 1
    assert quantisation(report.model) == quantisation(model) != []
    assert verify(model, report.model, rtol=1e-2).agree


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("body", ["m = Mish(h)", "a = Mish(h) b = Mish(a) m = Mish(b)"])
def test_one_mish_and_a_chain_lose_no_more_than_before(floating, run, body, layout):
    source = floating(body)
    exact = run(onnx.load(source), x=BATCHES[0])[0]
    errors = []
    for model in (onnx.load(source), optimize(source).model):
        onnx.save(model, source)
        new = run(quantized(source, quant_format=layout), x=BATCHES[0])[0]
        errors.append(np.abs(new - exact).max())
    assert errors[1] <= 1.05 * errors[0]


QUANTIZED_INSIDE = {
    "softplus, tanh": (PARTS, ["MatMul", "Mul", "Tanh", "Softplus"]),
    "constants": (
        "e = Exp(h) a = Add(e, two) n = Mul(e, a) r = Div(two, n) d = Add(one, r) m = Div(h, d)",
        ["MatMul", "Add", "Mul"],
    ),
    "sigmoid": (
        "s = Sigmoid(h) o = Sub(two, s) t = Mul(s, o) d = Sub(two, t) r = Div(t, d) m = Mul(h, r)",
        ["MatMul", "Sigmoid", "Mul"],
    ),
    "guarded": (
        "p = Softplus(h) c = Greater(h, top) w = Where(c, h, p) t = Tanh(w) m = Mul(h, t)",
        ["MatMul", "Where", "Mul"],
    ),
}


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize(("body", "kinds"), QUANTIZED_INSIDE.values(), ids=QUANTIZED_INSIDE)
def test_tells_what_is_quantised_inside(floating, body, kinds, layout):
    every = {"ForceQuantizeNoInputCheck": True}
    model = quantized(
        floating(body), quant_format=layout, op_types_to_quantize=kinds, extra_options=every
    )
    assert find(model) == []
    assert [site.output for site in find_quantized(model)] in (["m"], ["m_quantized"])
    assert optimize(model).model == model


@pytest.mark.parametrize(
    "body",
    [
        "s = Sigmoid(h) m = Mul(h, s)",
        "p = Softplus(h) t = Tanh(p) g = Neg(t) m = Mul(h, g)",
        "e = Exp(h) a = Add(e, near) p = Log(a) t = Tanh(p) m = Mul(h, t)",
    ],
)
@pytest.mark.parametrize("layout", FORMATS)
def test_other_quantised_functions_are_not_mish(floating, body, layout):
    model = quantized(floating(body), quant_format=layout)
    assert find(model) == find_quantized(model) == []


def test_quantised_inside_subgraphs_and_functions():
    linear = "u = QuantizeLinear({0}, s, z) {1} = DequantizeLinear(u, s, z)"
    inner = f"p = Softplus(a) {linear.format('p', 'q')} t = Tanh(q) b = Mul(a, t)"
    text = f"""
    <ir_version: 8, opset_import: ["": 18, "own": 1]>
    g (float[N] x, bool c) => (float[N] y)
    <float s = {{0.1}}, uint8 z = {{0}}>
    {{
        h = If(c) <
            then_branch = one () => (b) {{ a = Neg(x) {inner} }},
            else_branch = two () => (o) {{ o = Abs(x) }}
        >
        y = own.block(h, s, z)
    }}
    <domain: "own", opset_import: ["": 18]>
    block (a, s, z) => (b) {{ {inner} }}
    """
    model = onnx.parser.parse_model(text)
    assert find(model) == []
    assert [site.output for site in find_quantized(model)] == ["y", "b"]
    assert find_quantized(onnx.parser.parse_model(text.replace("Softplus", "Exp"))) == []
