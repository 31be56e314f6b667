"""Both ONNX exporters write standard operators."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mish
import mish.torch

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def model():
    return torch.nn.Sequential(mish.torch.Mish(), torch.nn.Identity(), mish.torch.Mish(True)).eval()


def check(path, times=2):
    loaded = onnx.load(path)
    onnx.checker.check_model(loaded)
    assert {opset.domain for opset in loaded.opset_import} <= {"", "ai.onnx"}
    assert {node.op_type for node in loaded.graph.node} <= {"Softplus", "Tanh", "Mul", "Mish"}
    x = np.linspace(-5, 5, 12, dtype=np.float32).reshape(3, 4)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {session.get_inputs()[0].name: x})
    expected = x
    for _ in range(times):
        expected = mish.mish(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_torchscript_exporter(tmp_path):
    path = str(tmp_path / "m.onnx")
    torch.onnx.export(model(), (torch.randn(3, 4),), path, dynamo=False, opset_version=17)
    check(path)


def test_dynamo_exporter(tmp_path):
    pytest.importorskip("onnxscript")
    path = str(tmp_path / "m.onnx")
    torch.onnx.export(model(), (torch.randn(3, 4),), path, dynamo=True, verbose=False)
    check(path)


def test_dynamo_exporter_while_accelerated(tmp_path, accelerated):
    test_dynamo_exporter(tmp_path)


def test_program_exported_before(tmp_path):
    pytest.importorskip("onnxscript")
    path = str(tmp_path / "m.onnx")
    program = torch.export.export(torch.nn.Sequential(mish.torch.Mish()), (torch.randn(3, 4),))
    torch.onnx.export(program, (), path, dynamo=True, verbose=False)
    check(path, times=1)
