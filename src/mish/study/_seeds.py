"""Random numbers of a run: one stream for each purpose, so that activations share all of them.

The stream of the split says nothing of the network's, so whatever an activation changes, the
number of weights drawn included, the other streams stay as they are.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Give NumPy's generator for one purpose of a run, such as ``"split"``."""
    return np.random.default_rng(_entropy(seed, purpose))


def torch_generator(seed: int, purpose: str) -> torch.Generator:
    """Give PyTorch's generator for one purpose of a run, such as ``"weights"``."""
    import torch

    (word,) = np.random.SeedSequence(_entropy(seed, purpose)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(word >> np.uint64(1)))


def _entropy(seed: int, purpose: str) -> list[int]:
    return [seed, zlib.crc32(purpose.encode())]
