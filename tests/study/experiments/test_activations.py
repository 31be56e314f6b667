"""The registry of activations: gains, smoothness, and what is added."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate

from mish.study import activations

pytestmark = pytest.mark.slow  # they train, or start processes that do


@pytest.fixture
def registry(monkeypatch):
    """What a test adds is gone after it."""
    monkeypatch.setattr(activations, "_REGISTRY", dict(activations._REGISTRY))


def test_all_that_are_compared_are_there():
    assert {*activations.COMPARED, "torch-mish"} == set(activations.names())


@pytest.mark.parametrize("name", activations.names())
def test_a_gain_keeps_the_variance(name):
    activation = activations.get(name)

    def square(z: float) -> float:
        (value,) = activation.values(np.array([z]))
        return value**2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    mean = sum(integrate.quad(square, *ends)[0] for ends in ((-12, 0), (0, 12)))
    assert activation.gain == pytest.approx(1 / math.sqrt(mean), rel=1e-7)


def test_mish_is_ours_and_torch_mish_is_theirs():
    assert type(activations.get("mish").make()).__module__.startswith("mish.")
    assert type(activations.get("torch-mish").make()) is torch.nn.Mish


def test_smooth_are_those_without_kink():
    kinked = {name for name in activations.names() if not activations.get(name).smooth}
    assert kinked == {"relu", "leaky_relu", "elu"}


def test_more_can_be_added(registry):
    activations.register("softsign", torch.nn.Softsign, smooth=False)
    added = activations.get("softsign")
    assert isinstance(added.make(), torch.nn.Softsign)
    z = np.linspace(-12, 12, 2_000_001)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    square = np.trapezoid((z / (1 + abs(z))) ** 2 * density, z)
    assert added.gain == pytest.approx(1 / math.sqrt(square), rel=1e-8)
