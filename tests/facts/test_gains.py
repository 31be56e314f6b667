"""Gains, against another quadrature and a simulation."""

from __future__ import annotations

import math
import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

from mish import facts
from mish.facts.gains import _gain, forward_gain, gain, variances


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


def test_the_gain_of_a_function_is_that_of_its_name():
    def elu(x):
        return np.where(x > 0, x, np.expm1(x))

    assert forward_gain(elu) == pytest.approx(gain("elu").forward, rel=1e-14)


def test_a_wide_layer_keeps_the_variance():
    random = np.random.default_rng(0)
    width = 4000
    z = random.standard_normal((4, width))
    weights = random.standard_normal((width, width)) * gain("mish").forward / math.sqrt(width)
    assert (facts.values("mish", z) @ weights).var() == pytest.approx(1, abs=0.05)


STARTED_WITH_THE_SAME_GAIN = {  # the variances after 0, 10, 20, 30 layers
    gain("mish").forward: (2.21, 4.10, 9.41, 24.3),
    gain("mish").backward: (2.09, 1.84, 1.48, 0.989),
    math.sqrt(2): (2.00, 0.969, 0.216, 0.0131),
}


@pytest.mark.parametrize(("own", "expected"), STARTED_WITH_THE_SAME_GAIN.items())
def test_variances_of_a_deep_network(own, expected):
    found = variances("mish", own, 30, start=own**2)
    assert found[::10] == pytest.approx(expected, rel=5e-3)


def test_variance_1_stays_and_an_error_drifts():
    own = gain("mish")
    assert variances("mish", own.forward, 50) == pytest.approx([1] * 51, rel=1e-12)
    found = variances("mish", own.forward, 1, start=1 + 1e-6)
    assert (found[1] - 1) / 1e-6 == pytest.approx(own.drift, rel=1e-5)


@pytest.mark.parametrize("variance", [1e-6, 0.01, 9.4, 1e3])
def test_variances_against_mpmaths_quadrature(variance):
    def square(z):
        x = mpmath.sqrt(variance) * z
        return (x * mpmath.tanh(mpmath.log1p(mpmath.exp(x)))) ** 2 * mpmath.npdf(z)

    expected = mpmath.quad(square, [-13, *mpmath.linspace(-1, 1, 21), 13])
    assert variances("mish", 1.0, 1, variance)[1] == pytest.approx(float(expected), rel=1e-9)


def test_the_guide_has_these_gains():
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
    names = {"Mish": "mish", "SiLU": "silu", "GELU": "gelu", "ELU": "elu", "ReLU": "relu"}
    for label, name in names.items():
        row = re.search(rf"^\| \**{label}\** \|(.*)\|$", guide, re.MULTILINE)
        shown = [cell.strip(" *") for cell in row[1].split("|")]
        found = [gain(name)[i] for i in range(4)]
        digits = [len(cell.partition(".")[2]) for cell in shown]
        assert shown == [f"{each:.{n}f}" for each, n in zip(found, digits, strict=True)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mesh", 1.0, 1), "mesh"),
        (("mish", 1.0, -1), "layers must be 0 or more, not -1"),
        (("mish", 0.0, 1), "gain must be a positive number, not 0.0"),
        (("mish", 1.0, 1, math.inf), "start must be a positive number, not inf"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        variances(*arguments)
