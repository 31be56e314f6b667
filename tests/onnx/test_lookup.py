"""Mish of a quantised model as a table."""

from __future__ import annotations

import functools
from fractions import Fraction

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from mish import reference
from mish.onnx import find, optimize

PARTS = {
    "op": "y = Mish(x)",
    "softplus": "p = Softplus(x) t = Tanh(p) y = Mul(x, t)",
    "scaled": "k = Mul(x, eight) p = Softplus(k) t = Tanh(p) y = Mul(x, t)",
}
WAYS = {
    "lookup": ["Constant", "Constant", "Shape", "Reshape", "Cast", "GatherElements", "Reshape"],
    "lookup-gather": ["Constant", "Cast", "Gather"],
}
BYTES = {"int8": np.int8, "uint8": np.uint8}


def quantized(
    build,
    parts: str = PARTS["op"],
    kinds: tuple[str, str] = ("int8", "int8"),
    before: tuple[object, object] = (0.05, 3),
    after: tuple[object, object] = (0.03, -7),
    more: str = "",
    outputs: str = "",
    opset: int = 18,
) -> onnx.ModelProto:
    """A model of a DequantizeLinear, Mish, a QuantizeLinear; scale and zero point of each."""
    body = (
        "q = Identity(b) x = DequantizeLinear(q, s, z) "
        f"{parts} c = QuantizeLinear(y, u, w) d = Identity(c) {more}"
    )
    inputs, ends = f"{kinds[0]}[N, 2] b", f"{kinds[1]}[N, 2] d{outputs}"
    model = build(body, f"float[1] unused, {inputs}", ends, opset=opset)
    del model.graph.input[0]
    for names, kind, numbers in (("sz", kinds[0], before), ("uw", kinds[1], after)):
        for name, dtype, number in zip(names, (np.float32, BYTES[kind]), numbers, strict=True):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(number, dtype), name))
    return model


def exact(b: np.ndarray, before, after, kind: str, scale: int = 1) -> np.ndarray:
    """The one right answer, by the certified reference and fractions."""
    wanted = []
    for byte in b.ravel():
        x = float(np.float32(int(byte) - before[1]) * np.float32(before[0]))
        y = _value(scale * x) / scale / Fraction(float(np.float32(after[0])))
        limits = np.iinfo(BYTES[kind])
        wanted.append(min(max(round(y) + after[1], limits.min), limits.max))
    return np.array(wanted, BYTES[kind]).reshape(b.shape)


@functools.cache
def _value(x: float) -> Fraction:
    return Fraction(reference.value(x))


def every(kind: str) -> np.ndarray:
    return np.arange(256, dtype=np.uint8).view(BYTES[kind]).reshape(128, 2)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("kinds", [("int8", "int8"), ("uint8", "uint8"), ("int8", "uint8")])
def test_each_byte_gives_the_exact_result_rounded(build, run, parts, kinds, way):
    before, after = (0.05, 3), (0.031, 5)
    report = optimize(quantized(build, PARTS[parts], kinds, before, after), way)
    onnx.checker.check_model(report.model, full_check=True)
    (site,) = report.rewritten
    assert (site.input, site.output, report.skipped) == ("q", "c", ())
    assert [n.op_type for n in report.model.graph.node] == ["Identity", *WAYS[way], "Identity"]
    b = every(kinds[0])
    want = exact(b, before, after, kinds[1], 8 if parts == "scaled" else 1)
    np.testing.assert_array_equal(run(report.model, b=b)[0], want)
    if way == "lookup-gather":  # the evaluator's GatherElements takes tables of up to 64 numbers
        got = ReferenceEvaluator(report.model).run(None, {"b": b})[0]
        np.testing.assert_array_equal(got, want)
    assert find(report.model) == []


@pytest.mark.parametrize(("before", "after"), [((10.0, 0), (1.0, 0)), ((1e-3, -128), (1e-5, 127))])
def test_results_beyond_the_type_are_its_ends(build, run, before, after):
    report = optimize(quantized(build, before=before, after=after), "lookup")
    b = every("int8")
    np.testing.assert_array_equal(run(report.model, b=b)[0], exact(b, before, after, "int8"))


def test_zero_points_may_be_left_out(build, run):
    model = quantized(build, kinds=("uint8", "uint8"), before=(0.05, 0), after=(0.03, 0))
    for node in model.graph.node:
        if "Quantize" in node.op_type or "quantize" in node.op_type:
            del node.input[2]
    b = every("uint8")
    want = exact(b, (0.05, 0), (0.03, 0), "uint8")
    np.testing.assert_array_equal(run(optimize(model, "lookup").model, b=b)[0], want)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"before": ([0.05, 0.06], [0, 0])}, "DequantizeLinear is not one constant number"),
        ({"after": ([0.05, 0.05], [0, 0])}, "QuantizeLinear is not one constant number"),
        ({"more": "n = Neg(y)", "outputs": ", float[N, 2] n"}, "not read by one QuantizeLinear"),
        ({"more": "n = Identity(y)", "outputs": ", float[N, 2] y"}, "not read by one"),
        ({"more": "n = QuantizeLinear(y, s, z)", "outputs": ", int8[N, 2] n"}, "not read by one"),
        ({"before": (0.0, 0)}, "scale of DequantizeLinear is 0.0, not a positive number"),
        ({"after": (np.inf, 0)}, "scale of QuantizeLinear is inf, not a positive number"),
    ],
)
def test_what_is_left_and_why(build, changes, reason):
    model = quantized(build, **changes)
    for node in model.graph.node:
        if "uantizeLinear" in node.op_type:
            node.attribute.append(helper.make_attribute("axis", 1))
    report = optimize(model, "lookup")
    assert report.rewritten == ()
    ((site, told),) = report.skipped
    assert site.output == "y"
    assert reason in told
    assert report.model == model


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (2, 3, 4)])
def test_any_shape(build, run, shape, way):
    model = quantized(build)
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.shape.CopyFrom(
            helper.make_tensor_type_proto(1, list(shape)).tensor_type.shape
        )
    b = np.full(shape, -3, np.int8)
    got = run(optimize(model, way).model, b=b)[0]
    np.testing.assert_array_equal(got, exact(b, (0.05, 3), (0.03, -7), "int8"))


def test_a_mish_in_float_is_left(build):
    ((_, reason),) = optimize(build("y = Mish(x)"), "lookup").skipped
    assert "no DequantizeLinear makes it" in reason


def test_sixteen_bits_are_left(build):
    model = quantized(build, opset=21)
    for tensor in model.graph.initializer:
        if tensor.name == "z":
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(3, np.int16), "z"))
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT16
    ((_, reason),) = optimize(model, "lookup").skipped
    assert "8 bits" in reason


def test_what_others_read_stays(build, run):
    model = quantized(build, more="n = Neg(x)", outputs=", float[N, 2] n")
    report = optimize(model, "lookup")
    assert "DequantizeLinear" in {node.op_type for node in report.model.graph.node}
    b = every("int8")
    for got, want in zip(run(report.model, b=b), run(model, b=b), strict=True):
        assert np.max(np.abs(got.astype(float) - want)) <= 1


def test_the_opset_is_raised_to_what_the_index_needs(build, run):
    report = optimize(quantized(build, PARTS["softplus"], opset=10), "lookup")
    assert report.opset == (10, 14)
    assert len(report.rewritten) == 1
