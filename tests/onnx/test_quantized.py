"""Models with quantisation nodes stay valid and give the same."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from mish.onnx import FORMS, find, optimize, verify


class Reader(CalibrationDataReader):
    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._rows = iter([{"x": rng.normal(0, 2, (4, 8)).astype(np.float32)} for _ in range(8)])

    def get_next(self):
        return next(self._rows, None)


@pytest.fixture
def floating(build, tmp_path):
    body = "h = MatMul(x, v) p = Softplus(h) t = Tanh(p) m = Mul(h, t) y = MatMul(m, v)"
    model = build(body, "float[4, 8] x", "float[4, 8] y", opset=17)
    weights = np.random.default_rng(1).normal(0, 1, (8, 8)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "v"))
    path = tmp_path / "float.onnx"
    onnx.save(model, path)
    return path


def quantized(path, kinds):
    target = path.with_name("quantized.onnx")
    quantize_static(path, target, Reader(), QuantFormat.QDQ, op_types_to_quantize=kinds)
    return onnx.load(target)


def quantisation(model):
    return sorted(
        node.SerializeToString() for node in model.graph.node if "Quantize" in node.op_type
    )


@pytest.mark.parametrize("form", FORMS)
def test_mish_between_quantized_products(floating, form):
    model = quantized(floating, ["MatMul"])
    report = optimize(model, form, opset=None)
    onnx.checker.check_model(report.model, full_check=True)
    assert len(report.rewritten) + len(report.skipped) == 1
    assert quantisation(report.model) == quantisation(model) != []
    assert verify(model, report.model, rtol=1e-2).agree


def test_mish_with_quantized_parts_is_another_function(floating):
    model = quantized(floating, ["MatMul", "Mul", "Tanh", "Softplus"])
    assert find(model) == []
    assert optimize(model).model == model
