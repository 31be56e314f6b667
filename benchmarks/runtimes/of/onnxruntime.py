"""ONNX Runtime on the CPU, one thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

PACKAGES = ("onnxruntime",)
MODES = {"float32": "as the model is", "float16": "the model converted to float16"}
HALF = ("float16",)
QUANTIZED = {"int8": "QDQ around convolutions and matrix products, the rest float32"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    loaded = onnx.load(model)
    if mode == "float16":
        from onnxruntime.transformers.float16 import convert_float_to_float16

        loaded = convert_float_to_float16(loaded, keep_io_types=True)
    session = onnxruntime.InferenceSession(
        loaded.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, inputs)
