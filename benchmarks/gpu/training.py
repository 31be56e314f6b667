"""Training with autocast and GradScaler: a small network with our layers and with PyTorch's."""

from __future__ import annotations

import time

import torch
from context import Context, name_of
from torch import nn

import mish.torch

STEPS, WARM = 40, 5
CHANNELS, DEPTH, PLACES, BATCH, GROUPS = 256, 6, 256, 64, 8


class Block(nn.Module):
    """A convolution, and a group normalisation with Mish, in one or in two."""

    def __init__(self, channels: int, ours: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, channels, 5, padding=2)
        if ours:
            self.norm: nn.Module = mish.torch.GroupNormMish(GROUPS, channels)
        else:
            self.norm = nn.Sequential(nn.GroupNorm(GROUPS, channels), nn.Mish())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.norm(self.convolution(x))
        return y


def network(channels: int, ours: bool) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(*(Block(channels, ours) for _ in range(DEPTH)))


def run(context: Context) -> None:
    for dtype in (torch.float16, torch.bfloat16):
        for words, ours, accelerate in (
            ("PyTorch's layers", False, False),
            ("PyTorch's layers, accelerate()", False, True),
            ("GroupNormMish", True, False),
        ):
            if accelerate:
                with mish.torch.accelerate():
                    _train(context, words, ours, dtype)
            else:
                _train(context, words, ours, dtype)


def _train(context: Context, words: str, ours: bool, dtype: torch.dtype) -> None:
    kind = context.device.type
    steps, channels, batch = (2, 16, 2) if context.dry else (STEPS, CHANNELS, BATCH)
    model = network(channels, ours).to(context.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler(kind, enabled=dtype == torch.float16 and not context.dry)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(batch, channels, PLACES, generator=generator).to(context.device)
    if not context.dry:
        torch.cuda.reset_peak_memory_stats(context.device)
    losses = []
    start = time.perf_counter()
    for step in range(steps):
        if step == WARM:
            _wait(context)
            start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(kind, dtype=dtype if kind == "cuda" else torch.bfloat16):
            loss = (model(x).float() - x.flip(2)).square().mean()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.detach())
    _wait(context)
    seconds = (time.perf_counter() - start) / max(1, steps - WARM)
    peak = 0 if context.dry else torch.cuda.max_memory_allocated(context.device)
    context.row(
        "Training",
        autocast=name_of(dtype),
        layers=words,
        **{"ms a step": f"{seconds * 1e3:.3f}", "peak memory, MiB": f"{peak >> 20}"},
        **{"first loss": f"{float(losses[0]):.6f}", "last loss": f"{float(losses[-1]):.6f}"},
        **{"gradients finite": str(all(p.grad.isfinite().all() for p in model.parameters()))},
    )


def _wait(context: Context) -> None:
    if not context.dry:
        torch.cuda.synchronize()
