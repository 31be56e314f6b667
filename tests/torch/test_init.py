"""Initial weights for Mish, against the gains of mish.facts and wide networks."""

from __future__ import annotations

import math

import pytest
import torch

import mish.torch
from mish.facts.gains import gain, variances
from mish.torch import init


def test_the_gains_are_those_of_the_facts():
    assert init.calculate_gain() == pytest.approx(gain("mish").forward, rel=1e-12)
    assert init.calculate_gain(mode="fan_out") == pytest.approx(gain("mish").backward, rel=1e-12)


def test_other_gains_are_pytorchs():
    assert init.calculate_gain("linear") == 1
    assert init.calculate_gain("leaky_relu", 0.2) == torch.nn.init.calculate_gain("leaky_relu", 0.2)


@pytest.mark.parametrize("name", ["kaiming_normal_", "kaiming_uniform_"])
@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 64 * 9), ("fan_out", 256 * 9)])
def test_fills_with_the_deviation_it_tells(name, mode, fan):
    weight = torch.nn.Parameter(torch.empty(256, 64, 3, 3))
    generator = torch.Generator().manual_seed(0)
    assert getattr(init, name)(weight, mode=mode, generator=generator) is weight
    assert weight.requires_grad
    assert weight.grad_fn is None
    deviation = init.calculate_gain(mode=mode) / math.sqrt(fan)
    assert weight.std().item() == pytest.approx(deviation, rel=0.01)
    assert weight.mean().item() == pytest.approx(0, abs=0.01 * deviation)
    if name == "kaiming_uniform_":
        assert weight.abs().max().item() == pytest.approx(math.sqrt(3) * deviation, rel=1e-3)


@pytest.mark.parametrize("name", ["kaiming_normal_", "kaiming_uniform_"])
def test_other_nonlinearities_are_filled_as_pytorch_does(name):
    ours, theirs = torch.empty(2, 8, 8)
    for a, nonlinearity in ((0, "linear"), (0.3, "leaky_relu"), (0, "relu")):
        for module, weight in ((init, ours), (torch.nn.init, theirs)):
            generator = torch.Generator().manual_seed(1)
            getattr(module, name)(weight, a, "fan_out", nonlinearity, generator)
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("first", ["linear", None])
@pytest.mark.parametrize(
    ("mode", "nonlinearity"), [("fan_in", "mish"), ("fan_out", "mish"), ("fan_in", "relu")]
)
def test_a_wide_network_follows_the_recursion(first, mode, nonlinearity):
    """Ten layers of 1024 after the first, which has a gain of 1 or that of the others."""
    generator = torch.Generator().manual_seed(0)

    def layer(nonlinearity: str) -> torch.Tensor:
        return init.kaiming_normal_(torch.empty(1024, 1024), 0, mode, nonlinearity, generator)

    gains = [init.calculate_gain(each, mode=mode) for each in (first or nonlinearity, nonlinearity)]
    expected = variances("mish", gains[1], 10, start=gains[0] ** 2)
    z = layer(first or nonlinearity) @ torch.randn(1024, 64, generator=generator)
    found = [z.var().item()]
    for _ in range(10):
        z = layer(nonlinearity) @ mish.torch.mish(z)
        found.append(z.var().item())
    assert found == pytest.approx(expected, rel=0.2)


def test_bad_arguments():
    weight = torch.empty(4, 4)
    with pytest.raises(ValueError, match="mode must be one of fan_in, fan_out, not 'fan'"):
        init.kaiming_normal_(weight, mode="fan")
    with pytest.raises(ValueError, match="Unsupported nonlinearity mesh"):
        init.kaiming_uniform_(weight, nonlinearity="mesh")
    with pytest.raises(ValueError, match="param must be None for mish"):
        init.calculate_gain("mish", 0.1)
    with pytest.raises(ValueError, match="fewer than 2 dimensions"):
        init.kaiming_normal_(torch.empty(4))
