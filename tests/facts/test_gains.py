"""Gains, against another quadrature and a simulation."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from mish import facts
from mish.facts.gains import _gain, gain


def test_against_mpmaths_quadrature():
    def square(z):
        return (z * mpmath.tanh(mpmath.log1p(mpmath.exp(z)))) ** 2 * mpmath.npdf(z)

    expected = 1 / mpmath.sqrt(mpmath.quad(square, [-12, -4, 0, 4, 12]))
    assert gain("mish").forward == pytest.approx(float(expected), rel=1e-12)


def test_relu_is_known():
    found = gain("relu")
    assert found.forward == pytest.approx(math.sqrt(2), rel=1e-13)
    assert found.backward == pytest.approx(math.sqrt(2), rel=1e-13)
    assert (found.growth, found.drift) == pytest.approx((1, 1), rel=1e-13)
    assert found.mean == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-13)


@pytest.mark.parametrize("name", facts.ACTIVATIONS)
def test_more_nodes_change_nothing(name):
    assert _gain(name, 32) == pytest.approx(gain(name), rel=1e-13)


def test_a_wide_layer_keeps_the_variance():
    random = np.random.default_rng(0)
    width = 4000
    z = random.standard_normal((4, width))
    weights = random.standard_normal((width, width)) * gain("mish").forward / math.sqrt(width)
    assert (facts.values("mish", z) @ weights).var() == pytest.approx(1, abs=0.05)
