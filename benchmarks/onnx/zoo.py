"""Networks to export: with Mish where their authors put it, written compactly, random weights."""

from __future__ import annotations

import itertools
import math
import sys
from importlib.util import find_spec
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional

_TORCHVISION = (
    *("torchvision", "torchvision.datasets", "torchvision.ops", "torchvision.ops.misc"),
    *("torchvision.transforms", "torchvision.transforms.functional"),
)


def timm() -> Any:
    """The package timm.

    It imports torchvision, which only its data loaders and a few other models use. Where that is
    not installed, mock modules stand in for it during this one import, so that
    ``pip install --no-deps timm`` is enough; nothing that runs here touches them.
    """
    absent = () if find_spec("torchvision") else _TORCHVISION
    sys.modules.update({name: mock.MagicMock() for name in absent})
    import timm

    for name in absent:
        del sys.modules[name]
    return timm


def settled(model: nn.Module, *inputs: Tensor) -> nn.Module:
    """The model with normalisation statistics from one batch, so that activations keep a size."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(*(torch.cat([each, torch.randn_like(each)]) for each in inputs))
    return model.eval()


class Conv(nn.Sequential):
    """Convolution, batch normalisation, activation."""

    def __init__(self, inside: int, out: int, size: int, stride: int = 1, act: str = "mish"):
        layer = nn.Mish() if act == "mish" else nn.LeakyReLU(0.1)
        conv = nn.Conv2d(inside, out, size, stride, size // 2, bias=False)
        super().__init__(conv, nn.BatchNorm2d(out), layer)


class Residual(nn.Module):
    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.body = nn.Sequential(Conv(channels, hidden, 1), Conv(hidden, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Stage(nn.Module):
    """A cross-stage partial stage of YOLOv4's backbone; the first keeps all channels."""

    def __init__(self, inside: int, out: int, blocks: int):
        super().__init__()
        half = out if blocks == 1 else out // 2
        self.down = Conv(inside, out, 3, 2)
        self.left, self.right = Conv(out, half, 1), Conv(out, half, 1)
        hidden = out // 2 if blocks == 1 else half
        self.blocks = nn.Sequential(*(Residual(half, hidden) for _ in range(blocks)))
        self.after, self.merge = Conv(half, half, 1), Conv(2 * half, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        return self.merge(torch.cat([self.after(self.blocks(self.right(x))), self.left(x)], 1))


def leaky(*widths: int) -> nn.Sequential:
    """Convolutions of size 1 and 3 in turn, as in YOLOv4's neck."""
    pairs = itertools.pairwise(widths)
    return nn.Sequential(
        *(Conv(a, b, 3 if i % 2 else 1, act="leaky") for i, (a, b) in enumerate(pairs))
    )


class YOLOv4(nn.Module):
    """YOLOv4 (arXiv:2004.10934): 72 Mish in the backbone, leaky ReLU in the neck and heads."""

    def __init__(self, classes: int = 80):
        super().__init__()
        self.stem = Conv(3, 32, 3)
        widths, blocks = (32, 64, 128, 256, 512, 1024), (1, 2, 8, 8, 4)
        self.stages = nn.ModuleList(map(Stage, widths, widths[1:], blocks))
        self.before_pool, self.after_pool = leaky(1024, 512, 1024, 512), leaky(2048, 512, 1024, 512)
        self.up5, self.side4 = leaky(512, 256), leaky(512, 256)
        self.up4, self.side3 = leaky(256, 128), leaky(256, 128)
        self.join4, self.join3 = (
            leaky(512, 256, 512, 256, 512, 256),
            leaky(256, *(128, 256) * 2, 128),
        )
        self.down3, self.down4 = Conv(128, 256, 3, 2, "leaky"), Conv(256, 512, 3, 2, "leaky")
        self.again4 = leaky(512, 256, 512, 256, 512, 256)
        self.again5 = leaky(1024, 512, 1024, 512, 1024, 512)
        outputs = 3 * (classes + 5)
        self.heads = nn.ModuleList(
            nn.Sequential(Conv(c, 2 * c, 3, act="leaky"), nn.Conv2d(2 * c, outputs, 1))
            for c in (128, 256, 512)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        sides = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            sides.append(x)
        p = self.before_pool(sides[4])
        pools = [functional.max_pool2d(p, size, 1, size // 2) for size in (13, 9, 5)]
        p5 = self.after_pool(torch.cat([*pools, p], 1))
        p4 = self.join4(torch.cat([self.side4(sides[3]), self._larger(self.up5(p5))], 1))
        p3 = self.join3(torch.cat([self.side3(sides[2]), self._larger(self.up4(p4))], 1))
        n4 = self.again4(torch.cat([self.down3(p3), p4], 1))
        n5 = self.again5(torch.cat([self.down4(n4), p5], 1))
        return tuple(head(each) for head, each in zip(self.heads, (p3, n4, n5), strict=True))

    @staticmethod
    def _larger(x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class Step(nn.Module):
    """A conditioned residual block of the diffusion network."""

    def __init__(self, inside: int, out: int, condition: int):
        super().__init__()
        self.first, self.second = self._block(inside, out), self._block(out, out)
        self.condition = nn.Sequential(nn.Mish(), nn.Linear(condition, 2 * out))
        self.skip = nn.Conv1d(inside, out, 1)

    @staticmethod
    def _block(inside: int, out: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv1d(inside, out, 5, padding=2), nn.GroupNorm(8, out), nn.Mish())

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, bias = self.condition(condition).unsqueeze(-1).chunk(2, 1)
        return self.second(scale * self.first(x) + bias) + self.skip(x)


class DiffusionUNet(nn.Module):
    """The 1-D U-Net of Diffusion Policy (arXiv:2303.04137): noise of an action sequence."""

    def __init__(
        self, actions: int = 7, observed: int = 40, widths: tuple[int, ...] = (128, 256, 512)
    ):
        super().__init__()
        size = 128
        self.register_buffer("rates", torch.exp(torch.arange(size // 2) * -math.log(1e4) / 63))
        self.time = nn.Sequential(nn.Linear(size, 4 * size), nn.Mish(), nn.Linear(4 * size, size))
        condition = size + observed
        ins = (actions, *widths[:-1])
        self.downs = nn.ModuleList(
            nn.ModuleList([Step(a, b, condition), Step(b, b, condition), nn.Conv1d(b, b, 3, 2, 1)])
            for a, b in zip(ins, widths, strict=True)
        )
        self.middle = nn.ModuleList(Step(widths[-1], widths[-1], condition) for _ in range(2))
        back = list(reversed(widths))
        self.ups = nn.ModuleList(
            nn.ModuleList([nn.ConvTranspose1d(a, a, 4, 2, 1), Step(a + a, b, condition)])
            for a, b in zip(back, [*back[1:], back[-1]], strict=True)
        )
        self.out = nn.Sequential(
            Step._block(widths[0], widths[0]), nn.Conv1d(widths[0], actions, 1)
        )

    def forward(self, sample: Tensor, step: Tensor, observation: Tensor) -> Tensor:
        angle = step.unsqueeze(1) * self.rates
        time = self.time(torch.cat([angle.sin(), angle.cos()], 1))
        condition = torch.cat([time, observation], 1)
        kept = []
        x = sample
        for first, second, smaller in self.downs:
            x = second(first(x, condition), condition)
            kept.append(x)
            x = smaller(x)
        for block in self.middle:
            x = block(x, condition)
        for larger, block in self.ups:
            x = block(torch.cat([larger(x), kept.pop()], 1), condition)
        return self.out(x)


class Block(nn.Module):
    """A transformer block whose feed-forward part has the activation given."""

    def __init__(self, width: int, heads: int, act: nn.Module):
        super().__init__()
        self.heads = heads
        self.one, self.two = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), act, nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.qkv(self.one(x)).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(width // self.heads), -1)
        x = x + self.project((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.feed(self.two(x))


class Written(nn.Module):
    """Mish written out as x·tanh(softplus(x)), as many repositories do."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.tanh(functional.softplus(x))


class Log1p(nn.Module):
    """Mish written out with log(1 + exp(x))."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.tanh(torch.log1p(torch.exp(x)))


class OneExp(nn.Module):
    """Mish as a fraction of exponentials, clamped."""

    def forward(self, x: Tensor) -> Tensor:
        e = torch.exp(torch.clamp(x, max=20.0))
        n = e * (e + 2)
        return x * (n / (n + 2))


def transformer(act: type[nn.Module], width: int = 256, depth: int = 4) -> nn.Module:
    """A stack of blocks over a sequence of vectors."""
    return nn.Sequential(*(Block(width, 8, act()) for _ in range(depth))).eval()
