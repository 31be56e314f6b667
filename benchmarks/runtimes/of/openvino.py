"""OpenVINO on the CPU, one thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("openvino",)
MODES = {"f32": "f32", "bf16": "the hint bf16", "f16": "the hint f16"}
QUANTIZED = {"int8": "QDQ around convolutions and matrix products, the rest f32"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": "f32" if mode == "int8" else mode,
    }
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()
    return lambda: list(request.infer(inputs, share_inputs=True, share_outputs=True).values())
