"""OpenVINO on the CPU, one thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("openvino",)
MODES = {"f32": "f32", "bf16": "the hint bf16", "f16": "the hint f16"}
QUANTIZED = {
    "int8": "QDQ around convolutions and matrix products, the rest f32",
    "int8 in f32": "the same without OpenVINO's transformations to low precision",
}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    import openvino

    wanted = "f32" if mode in QUANTIZED else mode
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": 1,
            "INFERENCE_PRECISION_HINT": wanted,
            **({"LP_TRANSFORMS_MODE": "NO"} if mode == "int8 in f32" else {}),
        },
    )
    taken = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    if taken != wanted:
        raise RuntimeError(f"OpenVINO takes {taken} here in the place of {wanted}")
    request = compiled.create_infer_request()
    return lambda: list(request.infer(inputs, share_inputs=True, share_outputs=True).values())
