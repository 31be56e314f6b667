"""Layers of networks, fused and as PyTorch's operators one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mish.torch import functional

GROUPS = 8
Call = Callable[[], object]
Layer = Callable[..., Tensor]


class Shape(NamedTuple):
    """A layer of a network: channels, places of a sample, and whether channels lie last."""

    name: str
    channels: int
    places: tuple[int, ...]
    last: bool = False


SHAPES = (
    Shape("diffusion policy", 512, (64,)),
    Shape("Matcha-TTS", 256, (400,)),
    Shape("YOLOv4", 64, (208, 208)),
    Shape("YOLOv4, channels last", 64, (208, 208), last=True),
)


def _bias(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return functional.bias_mish(x, bias)


def _bias_apart(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.mish(x + bias.view(-1, *[1] * (x.dim() - 2)))


def _group_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return functional.group_norm_mish(x, GROUPS, weight, bias)


def _group_norm_apart(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.mish(F.group_norm(x, GROUPS, weight, bias))


def _batch_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    mean, var = torch.zeros_like(bias), torch.ones_like(bias)
    return functional.batch_norm_mish(x, mean, var, weight, bias)


def _batch_norm_apart(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    mean, var = torch.zeros_like(bias), torch.ones_like(bias)
    return F.mish(F.batch_norm(x, mean, var, weight, bias))


OPERATORS: dict[str, tuple[Layer, Layer]] = {
    "bias": (_bias, _bias_apart),
    "GroupNorm": (_group_norm, _group_norm_apart),
    "BatchNorm": (_batch_norm, _batch_norm_apart),
}


def layer_input(shape: Shape, size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """About ``size`` numbers, one sample at least."""
    sample = shape.channels * torch.Size(shape.places).numel()
    x = torch.randn(max(1, size // sample), shape.channels, *shape.places, device=device).to(dtype)
    return x.to(memory_format=torch.channels_last) if shape.last else x


def parameters(x: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of a layer."""
    weight, bias = torch.randn(2, x.shape[1], device=x.device).to(x.dtype)
    return weight, bias


def contenders(x: Tensor, operator: str, backward: bool) -> dict[str, Call]:
    """A copy of x, the fused operator, and PyTorch's; backward, each is both passes."""
    fused, apart = OPERATORS[operator]
    inputs = [x, *parameters(x)]
    calls: dict[str, Call] = {"copy": x.clone}
    if backward:
        inputs = [each.detach().requires_grad_() for each in inputs]
        dy = torch.randn_like(x)
        return calls | {"fused": _step(fused, inputs, dy), "PyTorch": _step(apart, inputs, dy)}
    return calls | {"fused": _pass(fused, inputs), "PyTorch": _pass(apart, inputs)}


def _pass(function: Layer, inputs: list[Tensor]) -> Call:
    def call() -> object:
        with torch.no_grad():
            return function(*inputs)

    return call


def _step(function: Layer, inputs: list[Tensor], dy: Tensor) -> Call:
    return lambda: torch.autograd.grad(function(*inputs), inputs, dy, allow_unused=True)
