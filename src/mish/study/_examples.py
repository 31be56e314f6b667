"""The tensors that a run trains on, is tuned on and is tested on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mish.study import _data


class Part(NamedTuple):
    """Examples of one split."""

    inputs: Tensor
    targets: Tensor


class Examples(NamedTuple):
    """All examples of a run."""

    train: Part
    validation: Part
    test: Part


def images(seed: int, pixels: _data.Numbers | None = None) -> Examples:
    """Share MNIST's images out: 3,000 to train on, 1,000 to tune on, 1,000 to test on.

    Args:
        seed: of the run.
        pixels: what stands in place of the images of 14×14.
    """
    of = _data.images()
    split = _data.split(len(of.targets), seed)
    inputs = of.inputs if pixels is None else pixels
    return _parts(_data.standardised_images(inputs, split.train), of.targets, split, torch.float32)


def table(name: str, seed: int, dtype: torch.dtype = torch.float32) -> Examples:
    """Share out one of the tables of `_data`, standardised; number targets are standardised too."""
    of = _data.table(name)
    split = _data.split(len(of.targets), seed)
    targets = of.targets
    if not of.classes:
        targets = _data.standardised(targets[:, None], split.train)[:, 0]
    return _parts(_data.standardised(of.inputs, split.train), targets, split, dtype)


def series(of: _data.Table) -> Examples:
    """Share a series out in the order of time, standardised: 60 %, 20 % and the last 20 %."""
    count = len(of.targets)
    split = _data.Split(*np.split(np.arange(count), [count * 3 // 5, count * 4 // 5]))
    targets = _data.standardised(of.targets[:, None], split.train)[:, 0]
    return _parts(_data.standardised(of.inputs, split.train), targets, split, torch.float32)


def _parts(
    inputs: _data.Numbers, targets: np.ndarray, split: _data.Split, dtype: torch.dtype
) -> Examples:
    values = torch.from_numpy(inputs).to(dtype)
    wanted = torch.from_numpy(targets)
    wanted = wanted.to(dtype) if wanted.is_floating_point() else wanted
    return Examples(*(Part(values[each], wanted[each]) for each in split))
