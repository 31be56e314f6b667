"""The most memory that a forward and a backward pass of one layer take beside x."""

from __future__ import annotations

from collections.abc import Callable

import layers
import torch
import torch.nn.functional as F
from context import Context

import mish.torch
from mish.torch import functional

EXPONENT = 26

FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mish.torch.mish": mish.torch.mish,
    "F.mish": F.mish,
    "group_norm_mish": lambda x: functional.group_norm_mish(x, layers.GROUPS),
    "F.group_norm, F.mish": lambda x: F.mish(F.group_norm(x, layers.GROUPS)),
}


def run(context: Context) -> None:
    for name, function in FUNCTIONS.items():
        shape = layers.SHAPES[0]
        x = layers.layer_input(shape, context.size(EXPONENT), torch.float32, context.device)
        x.requires_grad_()
        peak = None if context.dry else _peak(context, function, x)
        context.row("Peak", layer=name, **{"in sizes of x": "" if peak is None else f"{peak:.2f}"})
        if context.dry:
            function(x).sum().backward()


def _peak(
    context: Context, function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor
) -> float:
    function(x[:1]).sum().backward()  # compiles
    x.grad = None
    torch.cuda.synchronize(context.device)
    torch.cuda.reset_peak_memory_stats(context.device)
    before = torch.cuda.memory_allocated(context.device)
    function(x).sum().backward()
    torch.cuda.synchronize(context.device)
    peak = torch.cuda.max_memory_allocated(context.device) - before
    return peak / (x.numel() * x.element_size())
