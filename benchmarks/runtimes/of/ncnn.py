"""ncnn, converted from ONNX by pnnx; one thread."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("ncnn", "pnnx")
MODES = {"fp32": "no half precision", "bf16": "storage in bfloat16"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    if not (folder / "model.ncnn.param").exists():
        _convert(model, inputs, folder)
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = mode == "bf16"
    if net.load_param(str(folder / "model.ncnn.param")):
        raise RuntimeError("ncnn does not load what pnnx wrote")
    net.load_model(str(folder / "model.ncnn.bin"))
    arrays = [ncnn.Mat(np.ascontiguousarray(each[0])).clone() for each in inputs.values()]

    def run() -> list[np.ndarray]:
        extractor = net.create_extractor()
        for number, array in enumerate(arrays):
            extractor.input(f"in{number}", array)
        code, found = extractor.extract("out0")
        if code:
            raise RuntimeError(f"ncnn returned {code}")
        return [np.array(found).copy()[None]]

    return run


def _convert(model: Path, inputs: dict[str, np.ndarray], folder: Path) -> None:
    copy = folder / "model.onnx"
    shutil.copyfile(model, copy)
    shapes = ",".join(f"[{','.join(map(str, each.shape))}]f32" for each in inputs.values())
    tool = Path(sys.executable).with_name("pnnx")
    done = subprocess.run(
        [tool, copy, f"inputshape={shapes}", "fp16=0"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    if not (folder / "model.ncnn.param").exists():
        raise RuntimeError(f"pnnx: {(done.stderr or done.stdout).strip()[-300:]}")
