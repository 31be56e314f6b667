"""Measure ONNX digit classifiers on the 500 held-out handwritten digits.

Usage: python accuracy.py MODEL.onnx [MODEL.onnx ...]

Each model must map one float32 input of shape (batch, 1, 28, 28), pixels in
[0, 1], to one float output of shape (batch, 10), the logits. Exit status: 0, or
2 when a file cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

HELD_OUT = Path(__file__).resolve().parent / "held_out.npz"
COUNT = 500
CLASSES = 10


class UnusableFile(Exception):
    """A model or data file that cannot be measured; the message says why."""


def load_held_out(path: Path = HELD_OUT) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Read the held-out digits.

    Args:
        path: an .npz file with `images` and `labels`.

    Returns:
        Images (500, 28, 28) uint8, and labels (500,) uint8 from 0 to 9.

    Raises:
        UnusableFile: the file is missing, damaged, or holds other arrays.
    """
    if not path.is_file():
        raise UnusableFile(f"{path}: no such file; train.py writes it")
    # NumPy has no one error for a damaged file: it may be any of a dozen.
    try:
        with np.load(path) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    except Exception as error:
        raise UnusableFile(f"{path}: damaged, train.py writes it anew ({error})") from error
    found = (images.dtype, images.shape, labels.dtype, labels.shape)
    if found != (np.uint8, (COUNT, 28, 28), np.uint8, (COUNT,)):
        raise UnusableFile(
            f"{path}: holds images {images.dtype}{images.shape} and labels "
            f"{labels.dtype}{labels.shape}, expected uint8{(COUNT, 28, 28)} and "
            f"uint8{(COUNT,)}; train.py writes it anew"
        )
    return images, labels


def to_input(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Turn images (n, 28, 28) uint8 into the network's input (n, 1, 28, 28) in [0, 1]."""
    return np.divide(images[:, None], 255, dtype=np.float32)


def logits(model: Path, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
    """Run a model with ONNX Runtime on one CPU thread.

    Args:
        model: the ONNX file.
        images: (n, 28, 28) uint8.

    Returns:
        Logits (n, 10).

    Raises:
        UnusableFile: the file is missing, is not ONNX, or takes other shapes.
    """
    if not model.is_file():
        raise UnusableFile(f"{model}: no such file")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # a failure is told once, by the exception below
    # ONNX Runtime's errors have no common base class of their own.
    try:
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UnusableFile(f"{model}: ONNX Runtime cannot load it ({error})") from error
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise UnusableFile(f"{model}: takes {len(inputs)} inputs, expected the images alone")
    try:
        (result, *_) = session.run(None, {inputs[0].name: to_input(images)})
    except Exception as error:
        raise UnusableFile(f"{model}: does not run on 28x28 images ({error})") from error
    if np.shape(result) != (len(images), CLASSES):
        raise UnusableFile(
            f"{model}: gives an output of shape {np.shape(result)}, "
            f"expected {(len(images), CLASSES)}"
        )
    return np.asarray(result)


def correct(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.uint8]) -> int:
    """Count the rows of `scores` (n, 10) whose largest entry is at the label (n,)."""
    return int((scores.argmax(axis=1) == labels).sum())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line for each model; see the module's text."""
    parser = argparse.ArgumentParser(
        description="Accuracy of ONNX models on 500 held-out handwritten digits."
    )
    parser.add_argument("model", nargs="+", type=Path, help="ONNX file; the first is the baseline")
    models: list[Path] = parser.parse_args(arguments).model
    try:
        images, labels = load_held_out()
        scores = [logits(model, images) for model in models]
    except UnusableFile as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    width = max(len("model"), *(len(str(model)) for model in models))
    print(f"{'model':<{width}}  correct    accuracy  largest logit difference")
    for place, (model, score) in enumerate(zip(models, scores, strict=True)):
        right, total = correct(score, labels), len(labels)
        difference = f"{np.abs(score - scores[0]).max():.3g}" if place else "(baseline)"
        print(f"{model!s:<{width}}  {right:>3} / {total}  {right / total:>8.2%}  {difference}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
