"""Errors of the operators torch.ops.mish on a device, over all inputs of a format; see gpu.py."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mish import ulp
from mish._hard_inputs import hard

ORDERS = (0, 1, 2, 3)
PATTERNS = {torch.float16: 1 << 16, torch.bfloat16: 1 << 16, torch.float32: 1 << 32}
# Digits of the significand, and the exponent of the least subnormal.
SHAPES = {torch.float16: (11, -24), torch.bfloat16: (8, -133), torch.float32: (24, -149)}
BLOCK = 1 << 22
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


def sweep(dtype: torch.dtype, order: int, device: torch.device, step: int = 1) -> Errors:
    """Judge every ``step``-th number of a format by the float64 kernel on the same device."""
    found = Errors(0, 0.0, float("nan"), 0)
    total = PATTERNS[dtype]
    for start in range(0, total, BLOCK * step):
        patterns = torch.arange(start, min(start + BLOCK * step, total), step, device=device)
        x = numbers(patterns, dtype)
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


def table(device: torch.device, steps: dict[torch.dtype, int]) -> list[str]:
    """Lines of Markdown: the errors of every format and order."""
    lines = [
        f"The float64 kernel on the device judges. At {JUDGED * len(ORDERS):,} hard points it is",
        f"itself within {check_judge(device):.3f} ulp of the certified reference.",
        "",
        "| format | order | numbers | largest error, ulp | at | not correctly rounded |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for dtype, step in steps.items():
        for order in ORDERS:
            found = sweep(dtype, order, device, step)
            name = str(dtype).removeprefix("torch.")
            lines.append(
                f"| {name} | {order} | {found.count:,} | {found.worst:.6f} | {found.at:.8g} "
                f"| {found.misrounded:,} |"
            )
    return lines
