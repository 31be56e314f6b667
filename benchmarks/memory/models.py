"""Networks that are trained: an image network, a diffusion U-Net, a transformer, a perceptron.

Each is made with any activation, with random weights, and called with noise.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Activation = Callable[[], nn.Module]

# What timm imports for its data loaders, which nobody calls here; `pip install --no-deps timm` is
# enough with mock modules in their place.
_TORCHVISION = (
    *("torchvision", "torchvision.datasets", "torchvision.ops", "torchvision.ops.misc"),
    *("torchvision.transforms", "torchvision.transforms.functional"),
)


class Normed(nn.Sequential):
    """Normalisation and activation."""


class Block(nn.Module):
    """A residual block of a diffusion model, with the time added in between."""

    def __init__(self, inputs: int, outputs: int, time: int, act: Activation) -> None:
        super().__init__()
        self.first = Normed(nn.GroupNorm(8, inputs), act())
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Sequential(act(), nn.Linear(time, outputs))
        self.second = Normed(nn.GroupNorm(8, outputs), act())
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        hidden = self.conv1(self.first(x)) + self.time(time)[:, :, None, None]
        return self.conv2(self.second(hidden)) + self.shortcut(x)


class UNet(nn.Module):
    """The noise of an image at a time."""

    def __init__(self, act: Activation, widths: tuple[int, ...] = (32, 64, 128)) -> None:
        super().__init__()
        time = 128
        self.embed = nn.Sequential(nn.Linear(1, time), act(), nn.Linear(time, time))
        self.into = nn.Conv2d(3, widths[0], 3, padding=1)
        pairs = list(zip((widths[0], *widths), widths, strict=False))
        self.down = nn.ModuleList(Block(a, b, time, act) for a, b in pairs)
        self.middle = Block(widths[-1], widths[-1], time, act)
        self.up = nn.ModuleList(Block(2 * b, a, time, act) for a, b in reversed(pairs))
        self.last = nn.Sequential(
            Normed(nn.GroupNorm(8, widths[0]), act()), nn.Conv2d(widths[0], 3, 3, padding=1)
        )

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        time = self.embed(time)
        x, kept = self.into(x), []
        for block in self.down:
            x = block(x, time)
            kept.append(x)
            x = F.avg_pool2d(x, 2)
        x = self.middle(x, time)
        for block in self.up:
            x = F.interpolate(x, scale_factor=2)
            x = block(torch.cat([x, kept.pop()], 1), time)
        return self.last(x)


class Layer(nn.Module):
    """Attention and a perceptron, each behind a normalisation."""

    def __init__(self, width: int, heads: int, act: Activation) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), act(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], is_causal=True)
        x = x + self.project(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """The next of a row of symbols."""

    def __init__(self, act: Activation, symbols: int = 128, width: int = 128, layers: int = 4):
        super().__init__()
        self.embed = nn.Embedding(symbols, width)
        self.places = nn.Parameter(torch.randn(256, width) / math.sqrt(width))
        self.layers = nn.Sequential(*(Layer(width, 4, act) for _ in range(layers)))
        self.last = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, symbols))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layers(self.embed(x) + self.places[: x.shape[1]]))


def perceptron(act: Activation) -> nn.Module:
    layers: list[nn.Module] = [nn.Linear(64, 512), act()]
    for _ in range(3):
        layers += [nn.Linear(512, 512), act()]
    return nn.Sequential(*layers, nn.Linear(512, 10))


def timm() -> Any:
    """The package."""
    absent = () if find_spec("torchvision") else _TORCHVISION
    sys.modules.update({name: mock.MagicMock() for name in absent})
    import timm

    for name in absent:
        del sys.modules[name]
    return timm


def cspdarknet(act: Activation) -> nn.Module:
    """YOLOv4's backbone, as timm has it; the last scale of a block begins at 1, not at 0."""
    kind = "mish" if isinstance(act(), nn.Mish) else "relu"
    model: nn.Module = timm().create_model("cspdarknet53", act_layer=kind, zero_init_last=False)
    return model


@dataclass(frozen=True)
class Case:
    """A network with its inputs."""

    name: str
    make: Callable[[Activation], nn.Module]
    draw: Callable[[], tuple[Any, ...]]

    def model(self, act: Activation = nn.Mish) -> nn.Module:
        torch.manual_seed(0)
        return self.make(act).train()

    def inputs(self) -> tuple[Any, ...]:
        torch.manual_seed(1)
        return self.draw()


CASES = {
    each.name: each
    for each in (
        Case("CSPDarknet-53, 2×3×160×160", cspdarknet, lambda: (torch.randn(2, 3, 160, 160),)),
        Case("U-Net, 8×3×32×32", UNet, lambda: (torch.randn(8, 3, 32, 32), torch.rand(8, 1))),
        Case("transformer, 16×128", Transformer, lambda: (torch.randint(128, (16, 128)),)),
        Case("perceptron 4×512, 4096", perceptron, lambda: (torch.randn(4096, 64),)),
    )
}
