"""OpenVINO: a model of one Mish node on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
from openvino import opset4

from mish._measure.peers import Contender, Task, Unsupported

_threads = 1


def set_threads(n: int) -> None:
    global _threads  # noqa: PLW0603
    _threads = n


def node(task: Task) -> Contender:
    """The array itself is the input tensor. Other formats would be computed in float32."""
    if task.op != "forward" or task.x.dtype != np.float32:
        raise Unsupported(f"OpenVINO's CPU plugin computes no {task.op} in {task.x.dtype}")
    parameter = opset4.parameter(list(task.x.shape), np.float32)
    model = ov.Model([opset4.mish(parameter)], [parameter], "mish")
    settings = {
        "INFERENCE_NUM_THREADS": _threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }
    request = ov.Core().compile_model(model, "CPU", settings).create_infer_request()
    request.set_input_tensor(ov.Tensor(task.x, shared_memory=True))

    def call() -> Any:
        if task.result == "new":
            request.set_output_tensor(ov.Tensor(ov.Type.f32, list(task.x.shape)))
        request.infer()
        return request

    return Contender(call, lambda done: np.array(done.get_output_tensor().data), task.result)
