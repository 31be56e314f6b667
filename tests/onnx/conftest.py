from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

CLASSIC = "p = Softplus(x) t = Tanh(p) y = Mul(x, t)"


def build(
    body: str = CLASSIC,
    inputs: str = "float[N] x",
    outputs: str = "float[N] y",
    opset: int = 18,
    extra: str = "",
) -> onnx.ModelProto:
    """A model from the body of its graph, in ONNX's text format."""
    head = f'<ir_version: 8, opset_import: ["": {opset}{extra}]>'
    lines = body.replace(") ", ")\n")
    return onnx.parser.parse_model(f"{head} g ({inputs}) => ({outputs}) {{ {lines} }}")


def run(model: onnx.ModelProto, **inputs: np.ndarray) -> list[np.ndarray]:
    """The outputs of a model in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)


@pytest.fixture(name="build")
def _build() -> Callable[..., onnx.ModelProto]:
    return build


@pytest.fixture(name="run")
def _run() -> Callable[..., list[np.ndarray]]:
    return run
