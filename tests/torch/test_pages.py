"""Large results lie in huge pages: the system is asked for few."""

from __future__ import annotations

import pytest
import torch

import mish.torch


@pytest.mark.parametrize(
    "call",
    [
        mish.torch.mish,
        lambda x: mish.torch.derivative(x, 2),
        lambda x: torch.ops.mish.backward(x, x),
    ],
    ids=["forward", "derivative", "backward"],
)
def test_a_large_result_touches_few_pages(call, pages_touched):
    """64 MiB: beyond what the C library keeps for the next allocation."""
    x = torch.zeros(1 << 24)
    assert pages_touched(lambda: call(x)) < x.nbytes / 4096 / 4
