"""The networks of the studies, with weights that are the same draw for every activation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from mish.study.activations import Activation


def mlp(
    activation: Activation,
    widths: Sequence[int],
    draw: torch.Generator,
    *,
    gain: float | None = None,
    norm: bool = False,
    dropout: float = 0.0,
    dtype: torch.dtype = torch.float32,
) -> nn.Sequential:
    """Make a fully connected network.

    Args:
        activation: follows each layer but the last.
        widths: of the inputs, the hidden layers and the outputs.
        draw: where standard normal numbers come from; times gain/√fan-in they are the weights.
            The biases are 0.
        gain: of the weights that follow the activation; its own by default. The first layer's is 1,
            as its inputs are data.
        norm: whether batch normalisation stands before the activation.
        dropout: the share of activations that is dropped in training.
        dtype: of the parameters.
    """
    gain = activation.gain if gain is None else gain
    layers: list[nn.Module] = []
    for place, (inputs, outputs) in enumerate(pairwise(widths)):
        if place:
            layers += [nn.BatchNorm1d(inputs, dtype=dtype)] if norm else []
            layers += [activation.make()]
            layers += [nn.Dropout(dropout)] if dropout else []
        layers.append(_drawn(nn.Linear(inputs, outputs, dtype=dtype), gain if place else 1.0, draw))
    return nn.Sequential(*layers)


def cnn(
    activation: Activation, side: int, classes: int, draw: torch.Generator, channels: int = 6
) -> nn.Sequential:
    """Make a convolutional network for square grey images: three layers of 3×3, then two others.

    Each convolution but the first halves the image by its stride. Weights are drawn as in `mlp`.
    """
    gain = activation.gain
    layers: list[nn.Module] = [nn.Unflatten(1, (1, side, side))]
    before = 1
    for place in range(3):
        after = channels * 2**place
        stride = 1 if place == 0 else 2
        convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1)
        layers += [_drawn(convolution, gain if place else 1.0, draw), activation.make()]
        side = -(-side // stride)
        before = after
    first = nn.Linear(before * side**2, 64)
    last = nn.Linear(64, classes)
    layers += [nn.Flatten(), _drawn(first, gain, draw), activation.make(), _drawn(last, gain, draw)]
    return nn.Sequential(*layers)


class Autocast(nn.Module):
    """A network whose layers compute in another dtype, while its parameters keep theirs."""

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.network = network
        self._dtype = dtype

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Apply the network."""
        with torch.autocast("cpu", dtype=self._dtype):
            outputs: torch.Tensor = self.network(inputs)
        return outputs


def _drawn(layer: nn.Linear | nn.Conv2d, gain: float, draw: torch.Generator) -> nn.Module:
    """Fill a layer: weights of deviation gain/√fan-in, biases of 0."""
    weight = layer.weight
    with torch.no_grad():
        # in float64, so that networks of all dtypes begin with the same numbers
        normal = torch.randn(weight.shape, generator=draw, dtype=torch.float64)
        weight.copy_(normal * (gain / math.sqrt(weight[0].numel())))
        assert layer.bias is not None
        layer.bias.zero_()
    return layer
