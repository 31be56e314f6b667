"""Large results lie in huge pages: the system is asked for few."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import mish.torch

resource = pytest.importorskip("resource")
SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
SMALL_PAGE = 4096


@pytest.fixture(scope="module", autouse=True)
def huge_pages():
    """Skip where the system gives none to a process that asks, or so few that none come."""
    if not SETTING.exists() or "[never]" in SETTING.read_text():
        pytest.skip("the system has no huge pages for those that ask")


def pages_touched(call):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    result = call()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, result


@pytest.mark.parametrize(
    "call",
    [
        mish.torch.mish,
        lambda x: mish.torch.derivative(x, 2),
        lambda x: torch.ops.mish.backward(x, x),
    ],
    ids=["forward", "derivative", "backward"],
)
def test_a_large_result_touches_few_pages(call):
    """64 MiB: beyond what the C library keeps for the next allocation."""
    x = torch.zeros(1 << 24)
    least, result = pages_touched(lambda: call(x))
    for _ in range(2):  # in a machine short of memory the system may not find one at once
        del result
        touched, result = pages_touched(lambda: call(x))
        least = min(least, touched)
    assert least < result.nbytes / SMALL_PAGE / 4
