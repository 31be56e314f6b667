"""Lean models that are trained by two processes."""

from __future__ import annotations

import pytest
import torch


@pytest.mark.slow
@pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()),
    reason="this PyTorch has no gloo",
)
def test_two_processes_train_alike(two_processes):
    """DistributedDataParallel, then FSDP."""
    assert two_processes("parallel_worker.py") == ["trained alike\n"] * 2
