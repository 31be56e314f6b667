"""TVM's relax front end for ONNX, compiled by LLVM for the CPU at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("apache-tvm",)
MODES = {"float32": "llvm, its zero pipeline, not tuned"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    os.environ["TVM_NUM_THREADS"] = "1"
    import tvm
    from tvm import relax

    library = folder / "model.so"
    if not library.exists():
        _convert(model, inputs, library)
    device = tvm.cpu()
    machine = relax.VirtualMachine(tvm.runtime.load_module(str(library)), device)
    arrays = [tvm.runtime.tensor(each, device) for each in inputs.values()]

    def run() -> list[np.ndarray]:
        found = machine["main"](*arrays)
        found = [found] if hasattr(found, "numpy") else list(found)
        return [each.numpy() for each in found]

    return run


def _convert(model: Path, inputs: dict[str, np.ndarray], library: Path) -> None:
    import onnx
    import tvm
    from tvm import relax
    from tvm.relax.frontend.onnx import from_onnx

    shapes = {name: list(each.shape) for name, each in inputs.items()}
    module = from_onnx(onnx.load(model), shape_dict=shapes, keep_params_in_input=False)
    target = tvm.target.Target("llvm")
    with target:
        module = relax.get_pipeline("zero")(module)
        built = tvm.compile(module, target=target)
    built.export_library(str(library))
