from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

from mish.onnx import register

NUMBERS = {
    "zero": 0.0,
    "half": 0.5,
    "one": 1.0,
    "near": 1.001,
    "two": 2.0,
    "three": 3.0,
    "five": 5.0,
    "eight": 8.0,
    "top": 20.0,
    "low": -120.0,
}

CLASSIC = "p = Softplus(x) t = Tanh(p) y = Mul(x, t)"
KINDS = {"float": 1, "double": 11, "float16": 10, "bfloat16": 16}


def build(
    body: str = CLASSIC,
    inputs: str = "float[N] x",
    outputs: str = "float[N] y",
    opset: int = 18,
    extra: str = "",
    shape: Iterable[int] = (),
    nodes: bool = False,
) -> onnx.ModelProto:
    """A model from the body of its graph, in ONNX's text format.

    The constants that the body names become initializers, or Constant nodes if ``nodes``, of
    this shape and of the type of the first input.
    """
    head = f'<ir_version: 8, opset_import: ["": {opset}{extra}]>'
    lines = body.replace(") ", ")\n")
    model = onnx.parser.parse_model(f"{head} g ({inputs}) => ({outputs}) {{ {lines} }}")
    kind = KINDS.get(re.split(r"\W", inputs, maxsplit=1)[0], 1)
    for name in sorted(NUMBERS.keys() & set(re.findall(r"\w+", body))):
        size = int(np.prod(list(shape)))
        tensor = onnx.helper.make_tensor(name, kind, shape, [NUMBERS[name]] * size)
        if nodes:
            model.graph.node.insert(0, onnx.helper.make_node("Constant", [], [name], value=tensor))
        else:
            model.graph.initializer.append(tensor)
    return model


def run(model: onnx.ModelProto, **inputs: np.ndarray) -> list[np.ndarray]:
    """The outputs of a model in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    register(options)
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


@pytest.fixture
def runs_opset() -> Callable[[int], None]:
    """Skips where ONNX Runtime is older than a version of the operators: with 22, before 1.21."""

    def skip_unless_run(opset: int) -> None:
        try:
            run(build("y = Identity(x)", opset=opset), x=np.zeros(1, np.float32))
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument:
            pytest.skip(f"ONNX Runtime {onnxruntime.__version__} does not run opset {opset}")

    return skip_unless_run


@pytest.fixture
def runtimes_own() -> Callable[[str], float]:
    """The absolute error of a form's Mish that is ONNX Runtime's own, where a test must know of it.

    Its Sigmoid is off by up to 1.4e-7 left of -5, and some twice x is a factor.
    """
    return lambda form: 5e-6 if form == "logistic" else 0.0
