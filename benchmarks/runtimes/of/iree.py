"""IREE, compiled from ONNX for the CPU at hand, on the synchronous device."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("iree-base-compiler", "iree-base-runtime")
MODES = {"float32": "llvm-cpu, the CPU at hand"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    text, binary = folder / "model.mlir", folder / "model.vmfb"
    tools = Path(sys.executable).parent
    steps = [
        [tools / "iree-import-onnx", model, "-o", text],
        [
            *(tools / "iree-compile", text, "-o", binary, "--iree-hal-target-device=local"),
            *("--iree-hal-local-target-device-backends=llvm-cpu",),
            "--iree-llvmcpu-target-cpu=host",
        ],
    ]
    for step in steps if not binary.exists() else ():
        done = subprocess.run(step, check=False, capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.replace(f"{folder}/", "").strip()
            raise RuntimeError(f"{Path(step[0]).name}: {said[:300]}")
    import iree.runtime as rt
    import onnx

    config = rt.Config("local-sync")
    module = rt.VmModule.mmap(config.vm_instance, str(binary))
    name = onnx.load(model, load_external_data=False).graph.name
    function = rt.load_vm_module(module, config)[name]
    arrays = [rt.asdevicearray(config.device, each) for each in inputs.values()]

    def run() -> list[np.ndarray]:
        found = function(*arrays)
        found = found if isinstance(found, (list, tuple)) else [found]
        return [each.to_host() for each in found]

    return run
