"""What a call costs where the device has next to nothing to do."""

from __future__ import annotations

import statistics
import time

import torch
import torch.nn.functional as F
from context import Call, Context

import mish.torch

EXPONENTS = (4, 12, 16, 18, 20)
CALLS, LAPS = 200, 15


def run(context: Context) -> None:
    for dtype in (torch.float32, torch.float16):
        for exponent in EXPONENTS:
            x = torch.randn(context.size(exponent), device=context.device).to(dtype)
            _times(context, x, exponent)


def _times(context: Context, x: torch.Tensor, exponent: int) -> None:
    dy = torch.randn_like(x)
    calls: dict[str, Call] = {
        "copy": x.clone,
        "F.mish": lambda: F.mish(x),
        "torch.ops.mish.mish": lambda: torch.ops.mish.mish(x),
        "mish.torch.mish": lambda: mish.torch.mish(x),
        "aten mish_backward": lambda: torch.ops.aten.mish_backward(dy, x),
        "torch.ops.mish.backward": lambda: torch.ops.mish.backward(dy, x),
    }
    with torch.no_grad():
        for name, call in calls.items():
            _row(context, name, call, x, exponent)
        with mish.torch.accelerate():
            _row(context, "F.mish, accelerated", lambda: F.mish(x), x, exponent)
    given = x.clone().requires_grad_()
    for name, function in (("F.mish", F.mish), ("mish.torch.mish", mish.torch.mish)):
        step = _Step(function, given, dy)
        _row(context, f"{name}, forward and backward", step, x, exponent)


class _Step:
    """A forward and a backward pass."""

    def __init__(self, function: object, x: torch.Tensor, dy: torch.Tensor) -> None:
        self.function, self.x, self.dy = function, x, dy

    def __call__(self) -> object:
        return torch.autograd.grad(self.function(self.x), self.x, self.dy)


def _row(context: Context, name: str, call: Call, x: torch.Tensor, exponent: int) -> None:
    """Until the call returns, and until the device is done, by call of many in a row."""
    calls, laps = (3, 1) if context.dry else (CALLS, LAPS)
    for _ in range(calls):
        call()
    returned, done = [], []
    for _ in range(laps):
        _wait(context)
        start = time.perf_counter()
        for _ in range(calls):
            call()
        returned.append(time.perf_counter() - start)
        _wait(context)
        done.append(time.perf_counter() - start)
    context.row(
        "Calls",
        format=str(x.dtype).removeprefix("torch."),
        elements=f"2^{exponent}",
        call=name,
        **{"returns after, µs": f"{statistics.median(returned) / calls * 1e6:.2f}"},
        **{"done after, µs": f"{statistics.median(done) / calls * 1e6:.2f}"},
    )


def _wait(context: Context) -> None:
    if not context.dry:
        torch.cuda.synchronize()
