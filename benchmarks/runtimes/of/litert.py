"""LiteRT (TensorFlow Lite), converted from ONNX by onnx2tf; one thread, XNNPACK."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

PYTHON = "3.12"  # onnx2tf asks for it
PACKAGES = ("ai-edge-litert", "onnx2tf")
MODES = {"float32": "float32 weights", "float16": "float16 weights"}
HALF = ("float16",)


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    if not list(folder.glob(f"*_{mode}.tflite")):
        _convert(model, mode, folder)
    paths = list(folder.glob(f"*_{mode}.tflite"))
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(paths[0]), num_threads=1)
    interpreter.allocate_tensors()
    (there,), (back,) = interpreter.get_input_details(), interpreter.get_output_details()
    (array,) = inputs.values()
    given = fitting(array, list(there["shape"])).astype(there["dtype"])
    (out,) = onnx.load(model, load_external_data=False).graph.output
    shape = [each.dim_value for each in out.type.tensor_type.shape.dim]
    last = list(back["shape"]) != shape

    def run() -> list[np.ndarray]:
        interpreter.set_tensor(there["index"], given)
        interpreter.invoke()
        found = interpreter.get_tensor(back["index"])
        return [np.moveaxis(found, -1, 1) if last else found]

    return run


def _convert(model: Path, mode: str, folder: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("onnx2tf"), "-i", model, "-o", folder, "-nuo"],
        check=False,
        capture_output=True,
        text=True,
    )
    if not list(folder.glob(f"*_{mode}.tflite")):
        raise RuntimeError(f"onnx2tf: {(done.stdout + done.stderr).strip()[-250:]}")


def fitting(array: np.ndarray, shape: list[int]) -> np.ndarray:
    """The array with its channels where onnx2tf put them."""
    same = list(array.shape) == shape
    return array if same else np.ascontiguousarray(np.moveaxis(array, 1, -1))
