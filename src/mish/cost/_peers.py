"""PyTorch's activations, counted from outside: instructions executed, by callgrind."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

from mish._measure import timing
from mish._support.extras import needs

_SHORT, _LONG = 4096, 20480
_CALLS = 10
_TIMED = 1 << 13

PEERS = ("relu", "silu", "gelu", "mish")


class Peer(NamedTuple):
    """One float32 activation of PyTorch, forward, one thread."""

    name: str
    instructions: float | None  # an element; None without valgrind
    seconds: float  # an element, in the caches


def measure_peers() -> list[Peer]:
    """Count and time; under valgrind it takes minutes.

    Instructions an element are the difference between two lengths, so neither the call nor the
    dispatcher is in them. PyTorch's own build for AVX2 runs under valgrind, whatever else the
    processor has; the time is of the build that it chooses by itself.

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
    """
    with needs("torch", "measuring PyTorch"):
        import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_measure(name) for name in PEERS]
    finally:
        torch.set_num_threads(threads)


def _measure(name: str) -> Peer:
    import torch

    function = getattr(torch.ops.aten, name).out
    calls = {}
    for n in (_TIMED, _TIMED // 4):
        x = torch.randn(n)
        calls[str(n)] = _call(function, x, torch.empty_like(x))
    found = timing.measure(calls, 51)
    whole, part = (min(found[str(n)].laps) for n in (_TIMED, _TIMED // 4))
    seconds = (whole - part) / (_TIMED - _TIMED // 4)
    if shutil.which("valgrind") is None:
        return Peer(name, None, seconds)
    short, long = (_instructions(name, n) for n in (_SHORT, _LONG))
    return Peer(name, (long - short) / (_LONG - _SHORT), seconds)


def _call(function: Callable[..., object], x: Any, out: Any) -> Callable[[], object]:
    return lambda: function(x, out=out)


def _instructions(name: str, n: int) -> float:
    """Count the instructions of one call with PyTorch's own use of callgrind."""
    from torch.utils.benchmark import Timer

    # it starts another Python, and takes the first that it finds
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    timer: Any = Timer(
        f"torch.ops.aten.{name}.out(x, out=y)",
        setup=f"x = torch.linspace(-5, 5, {n}); y = torch.empty({n})",
        num_threads=1,
    )
    with mock.patch.dict(os.environ, PATH=path):
        counted = timer.collect_callgrind(number=_CALLS, collect_baseline=False)
    return float(counted.counts()) / _CALLS
