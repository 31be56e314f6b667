"""tinygrad's ONNX front end on the CPU."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("tinygrad",)
MODES = {"float32": "its CPU device, one thread"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    kernels = folder.parent / "tinygrad.db"  # what it compiled
    os.environ.update(DEV="CPU", THREADS="0", CACHEDB=str(kernels))
    from tinygrad import Tensor, TinyJit
    from tinygrad.nn.onnx import OnnxRunner

    runner = OnnxRunner(model)
    arrays = {name: Tensor(each).realize() for name, each in inputs.items()}

    @TinyJit
    def step(**given: Tensor) -> list[Tensor]:
        return [each.contiguous().realize() for each in runner(given).values()]

    return lambda: [each.numpy() for each in step(**arrays)]
