"""ONNX Runtime on CPU: the operator Mish, the usual three operators, and what mish.onnx writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx.parser
import onnxruntime  # type: ignore[import-untyped]

from mish._measure.peers import Contender, Task, Unsupported

_threads = 1
_KINDS = {"float16": "float16", "float32": "float", "float64": "double"}
_OPERATOR = "y = Mish(x)"
_DECOMPOSED = "p = Softplus(x)  t = Tanh(p)  y = Mul(x, t)"


def set_threads(n: int) -> None:
    global _threads  # noqa: PLW0603
    _threads = n


def operator(task: Task) -> Contender:
    return _contender(task, _model(task, _OPERATOR))


def decomposed(task: Task) -> Contender:
    return _contender(task, _model(task, _DECOMPOSED))


def sigmoid_form(task: Task) -> Contender:
    from mish.onnx import optimize

    return _contender(task, optimize(_model(task, _DECOMPOSED)).model)


def _model(task: Task, body: str) -> onnx.ModelProto:
    kind = _KINDS.get(task.x.dtype.name)
    if task.op != "forward" or kind is None:
        raise Unsupported(f"ONNX Runtime runs no {task.op} in {task.x.dtype} on CPU")
    return onnx.parser.parse_model(
        f'<ir_version: 10, opset_import: ["": 18]> g ({kind}[N] x) => ({kind}[N] y) {{ {body} }}'
    )


def _contender(task: Task, model: onnx.ModelProto) -> Contender:
    """The input stays bound, and so does a given output: a call is the work alone."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # spinning threads would take time from whoever is next
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as lack:
        raise Unsupported(str(lack)) from lack
    x = onnxruntime.OrtValue.ortvalue_from_numpy(task.x)
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", x)
    if task.result == "given":
        y = onnxruntime.OrtValue.ortvalue_from_shape_and_type(task.x.shape, task.x.dtype)
        binding.bind_ortvalue_output("y", y)

    def call() -> Any:
        if task.result == "new":
            binding.bind_output("y")  # forgets the last result: its memory goes back
        session.run_with_iobinding(binding)
        return binding

    return Contender(call, lambda done: np.asarray(done.get_outputs()[0].numpy()), task.result)
