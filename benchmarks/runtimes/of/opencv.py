"""OpenCV's module dnn, one thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("opencv-python-headless",)
MODES = {"float32": "the CPU back end"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    import cv2

    cv2.setNumThreads(1)
    net = cv2.dnn.readNetFromONNX(str(model))

    def run() -> list[np.ndarray]:
        for name, array in inputs.items():
            net.setInput(array, name)
        return [net.forward()]

    return run
