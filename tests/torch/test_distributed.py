"""Distributed tensors on two processes."""

from __future__ import annotations

import pytest
import torch


@pytest.mark.slow
@pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()),
    reason="this PyTorch has no gloo",
)
def test_two_processes_shard_without_communication(two_processes):
    assert two_processes("distributed_worker.py") == ["sharded alike\n"] * 2
