"""What a training step costs in each way: bytes kept, peak of memory, time, errors of gradients.

Called by memory.py; by itself it prints the peak of one step: costs.py CASE WAY
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from models import CASES, Case
from torch import Tensor, nn
from ways import INPUT, WAYS, activation

from mish._measure.timing import Ratio
from mish.bench import timing
from mish.torch import kept_bytes


@dataclass(frozen=True)
class Cost:
    """Of one way with one model."""

    kept: int
    peak: int
    seconds: float
    ratio: Ratio  # of the time to that of Mish(save="input")
    largest: float  # error of a gradient, over the largest gradient
    rms: float  # over the root of the mean square of all


def made(case: Case, way: str) -> nn.Module:
    """The model, changed."""
    model = case.model(activation(way))
    WAYS[way](model)
    return model


def step(model: nn.Module, inputs: tuple[Any, ...]) -> Callable[[], None]:
    """A training step, with SGD and a loss that all numbers of the output have a part in."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)

    def call() -> None:
        optimizer.zero_grad()
        model(*inputs).square().mean().backward()
        optimizer.step()

    return call


def gradient(model: nn.Module, inputs: tuple[Any, ...]) -> Tensor:
    """All gradients of one step as one vector."""
    wanted = list(model.parameters())
    found = torch.autograd.grad(model(*inputs).square().mean(), wanted, allow_unused=True)
    return torch.cat([g.flatten().double() for g in found if g is not None])


def errors(case: Case, way: str) -> tuple[float, float]:
    """Of the gradient, against the same model in float64."""
    inputs = case.inputs()
    wide = tuple(v.double() if v.is_floating_point() else v for v in inputs)
    truth = gradient(case.model(activation(way)).double(), wide)
    wrong = gradient(made(case, way), inputs) - truth
    largest = float(wrong.abs().max() / truth.abs().max())
    return largest, float(wrong.norm() / truth.norm())


# The C library maps each block of such a size by itself, and gives it back at once.
WITHOUT_HOLES = {"MALLOC_MMAP_THRESHOLD_": "65536"}


def peak(name: str, way: str, settings: Mapping[str, str] | None = None) -> int:
    """How many bytes the process grows by in its first step, at the most; in one of its own.

    ``settings`` are environment variables.
    """
    run = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), name, way],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(settings or {})},
    )
    if run.returncode:
        raise SystemExit(run.stderr)
    return int(run.stdout.split()[-1])


def _print_peak(name: str, way: str) -> None:
    torch.set_num_threads(1)
    small = torch.randn(64, 64, requires_grad=True)
    nn.functional.mish(small @ small).sum().backward()  # what PyTorch sets up for itself
    call = step(made(CASES[name], way), CASES[name].inputs())
    before = _status("VmRSS")
    call()
    print(_status("VmHWM") - before)


def _status(name: str) -> int:
    """Bytes of what Linux tells of this process; getrusage's peak is also that of the parent."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))


def measure(case: Case, rounds: int, seconds: float) -> dict[str, Cost]:
    """All ways with one model; for the times they take turns."""
    ways = list(WAYS)
    inputs = case.inputs()
    models = {way: made(case, way) for way in ways}
    kept = {way: kept_bytes(model, *inputs) for way, model in models.items()}
    laps = {way: step(model, inputs) for way, model in models.items()}
    times = timing.measure(laps, rounds, fill=seconds)
    found = {}
    for way in ways:
        largest, rms = errors(case, way)
        found[way] = Cost(
            kept[way],
            peak(case.name, way),
            times[way].median,
            times[way].ratio_to(times[INPUT]),
            largest,
            rms,
        )
    return found


if __name__ == "__main__":
    _print_peak(sys.argv[1], sys.argv[2])
