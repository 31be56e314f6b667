"""Whole trainings of two networks, with each way to keep."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from models import Transformer
from torch import Tensor, nn
from ways import INPUT, LEAN, WAYS

import mish.torch

EXACT = INPUT
MODES = [EXACT, LEAN, 'Mish(save="output")', 'Mish(save="output+bit")']
MODES += [f'Mish(save="{bits}bit")' for bits in (4, 3, 2, 1)]
_LAST = 0.1  # the part of the steps whose mean loss is the final one

Batches = Iterator[tuple[Tensor, Tensor]]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Training:
    """A network, its data and how long it is trained."""

    short: str
    name: str
    make: Callable[[], nn.Module]
    batches: Callable[[int], Batches]  # of a seed
    rate: float


def losses(training: Training, mode: str, seed: int) -> list[float]:
    """One training."""
    torch.manual_seed(seed)
    model = training.make().train()
    change(model, mode)
    optimizer = torch.optim.AdamW(model.parameters(), training.rate, weight_decay=1e-2)
    found = []
    for x, target in training.batches(seed):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x).flatten(0, -2), target.flatten())
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def change(model: nn.Module, mode: str) -> None:
    """Make the model keep what a mode says."""
    if mode in WAYS:
        WAYS[mode](model)
        return
    mish.torch.convert(model)
    for module in model.modules():
        if isinstance(module, mish.torch.Mish):
            module.save = mode.split('"')[1]


def final(curve: list[float]) -> float:
    """The mean loss of the last steps."""
    return statistics.fmean(curve[-max(1, round(_LAST * len(curve))) :])


def _example() -> Any:
    """examples/digits/train.py, whose imports lie beside it."""
    folder = ROOT / "examples" / "digits"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("digits_train", folder / "train.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


def digits(epochs: int) -> Training:
    """The example network, on its digits."""
    example = _example()
    images, labels, _, _ = example.split_digits()
    x, y = torch.from_numpy(example.to_input(images)), torch.from_numpy(labels).long()

    def batches(seed: int) -> Batches:
        random = torch.Generator().manual_seed(seed)
        for _ in range(epochs):
            for part in torch.randperm(len(x), generator=random).split(example.BATCH):
                yield x[part], y[part]

    return Training(
        "digits", "digits example, 5 BatchNorm and Mish", example.network, batches, 2e-3
    )


def text(steps: int, batch: int = 8, length: int = 64) -> Training:
    """A transformer that goes on with the text of this project's documents."""
    pages = sorted((ROOT / "docs").glob("*.md"))
    characters = "".join(page.read_text(encoding="utf-8") for page in pages)
    symbols = torch.tensor([min(ord(c), 127) for c in characters])

    def batches(seed: int) -> Batches:
        random = torch.Generator().manual_seed(seed)
        for _ in range(steps):
            at = torch.randint(len(symbols) - length - 1, (batch, 1), generator=random)
            rows = symbols[at + torch.arange(length + 1)]
            yield rows[:, :-1], rows[:, 1:]

    name = "transformer of 0.8 million parameters, 4 Mish"
    return Training("transformer", name, lambda: Transformer(nn.Mish), batches, 1e-3)


def trainings(scale: float = 1.0) -> list[Training]:
    """Both networks; a smaller scale trains for a shorter time."""
    return [digits(max(1, round(2 * scale))), text(max(10, round(200 * scale)))]
