"""Errors of the operators torch.ops.mish on the device, over all inputs of a format."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
import torch
from context import Context, name_of
from torch import Tensor

import mish.torch  # noqa: F401 - has the operators
from mish import ulp
from mish._truth.hard_inputs import hard

ORDERS = (0, 1, 2, 3)
PATTERNS = {torch.float16: 1 << 16, torch.bfloat16: 1 << 16, torch.float32: 1 << 32}
# Digits of the significand, and the exponent of the least subnormal.
SHAPES = {torch.float16: (11, -24), torch.bfloat16: (8, -133), torch.float32: (24, -149)}
BLOCK = 1 << 22
PASSES = 64  # over all numbers, each by every so manieth
JUDGED = 3000


class Errors(NamedTuple):
    """What a sweep found: how many numbers, the largest error in ulp, and where it is."""

    count: int
    worst: float
    at: float
    misrounded: int


def derivative(x: Tensor, order: int) -> Tensor:
    return torch.ops.mish.derivative(x, order)


def check_judge(device: torch.device) -> float:
    """The largest error of the device's own float64, which judges here, against the reference."""
    worst = 0.0
    for order in ORDERS:
        x = np.random.default_rng(order).permutation(hard(np.float64, order))[:JUDGED]
        y = derivative(torch.from_numpy(x).to(device), order).cpu().numpy()
        worst = max(worst, float(ulp.error(y, x, order).max()))
    return worst


def sweep(
    dtype: torch.dtype,
    order: int,
    device: torch.device,
    passes: int = PASSES,
    until: float = float("inf"),
) -> Errors:
    """Judge the numbers of a format by the float64 kernel on the same device.

    A pass takes every `PASSES`-th number, so that what was done when the time is over (``until``,
    on the clock of `time.monotonic`) covers all exponents.
    """
    found = Errors(0, 0.0, float("nan"), 0)
    total = PATTERNS[dtype]
    for first in range(passes):
        for start in range(first, total, BLOCK * PASSES):
            if time.monotonic() > until:
                return found
            end = min(start + BLOCK * PASSES, total)
            x = numbers(torch.arange(start, end, PASSES, device=device), dtype)
            x = x[~x.isnan()]
            if x.numel():
                found = _add(found, x, derivative(x, order), order)
    return found


def numbers(patterns: Tensor, dtype: torch.dtype) -> Tensor:
    """The numbers that these integers, without sign, represent."""
    half = 1 << (8 * dtype.itemsize - 1)
    signed = torch.where(patterns >= half, patterns - 2 * half, patterns)
    return signed.to(torch.int16 if dtype.itemsize == 2 else torch.int32).view(dtype)


def _add(found: Errors, x: Tensor, y: Tensor, order: int) -> Errors:
    truth = derivative(x.double(), order)
    error = torch.where(truth.isfinite(), (y.double() - truth).abs() / unit(truth, y.dtype), 0.0)
    error = torch.where(y.isfinite() == truth.isfinite(), error, torch.inf)
    worst, at = error.max(0)
    misrounded = found.misrounded + int((error > 0.5).sum())
    if float(worst) > found.worst:
        found = found._replace(worst=float(worst), at=float(x[at]))
    return found._replace(count=found.count + x.numel(), misrounded=misrounded)


def unit(truth: Tensor, dtype: torch.dtype) -> Tensor:
    """The unit in the last place at exact values, as `mish.ulp.ulp` has it."""
    digits, least = SHAPES[dtype]
    exponent = (truth.abs().frexp().exponent - digits).clamp(min=least)
    exponent = torch.where(truth == 0, least, exponent)
    return torch.ldexp(torch.ones_like(truth), exponent)


def run(context: Context) -> None:
    context.check(
        "Judge",
        f"float64 at {JUDGED * len(ORDERS):,} hard points, against the certified reference",
        lambda: f"within {check_judge(context.device):.3f} ulp",
    )
    work = [(dtype, order) for dtype in PATTERNS for order in ORDERS]
    for done, (dtype, order) in enumerate(work):
        now = time.monotonic()
        until = now + (context.until - now) / (len(work) - done)
        passes = 1 if context.dry and dtype.itemsize > 2 else PASSES
        found = sweep(dtype, order, context.device, passes, until)
        share = found.count / (PATTERNS[dtype] - _nans(dtype))
        context.row(
            "Errors",
            format=name_of(dtype),
            order=order,
            numbers=f"{found.count:,} ({share:.0%})",
            **{"largest error, ulp": f"{found.worst:.6f}", "at": f"{found.at:.9g}"},
            **{"not correctly rounded": f"{found.misrounded:,}"},
            seconds=f"{time.monotonic() - now:.1f}",
        )


def _nans(dtype: torch.dtype) -> int:
    """How many bit patterns are no numbers: two ends of as many as the significand has digits."""
    digits, _ = SHAPES[dtype]
    return 2 * ((1 << (digits - 1)) - 1)
