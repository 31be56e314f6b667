"""Kernels of wide networks, against mpmath, closed forms and each other."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from mish import facts
from mish.facts import _gaussian, mean_field

X = np.linspace(-6.1, 6.1, 62)


@pytest.mark.parametrize("name", mean_field.ACTIVATIONS)
@pytest.mark.parametrize("order", [0, 1])
def test_fast_values_are_the_certified_ones(name, order):
    exact = 1 / np.cosh(X) ** 2 if order else np.tanh(X)
    if name != "tanh":
        exact = facts.values(name, X, order)
    np.testing.assert_allclose(_gaussian.at(name, X, order), exact, rtol=2e-13, atol=1e-15)


def mish(x):
    return x * mpmath.tanh(mpmath.log1p(mpmath.exp(x)))


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (-1.5, 0.25), (2.0, 3.0)])
def test_moments_to_12_digits(mean, deviation):
    found = mean_field.moments("mish", mean, deviation)

    def moment(power, m, s):
        cuts = [m + s * k for k in (-10, -6, -3, -1, 0, 1, 3, 6, 10)]
        return mpmath.quad(lambda x: mish(x) ** power * mpmath.npdf(x, m, s), cuts)

    with mpmath.workdps(25):
        m, s = mpmath.mpf(mean), mpmath.mpf(deviation)
        h = mpmath.mpf(10) ** -6
        assert found.mean == pytest.approx(float(moment(1, m, s)), rel=1e-12)
        assert found.second == pytest.approx(float(moment(2, m, s)), rel=1e-12)
        by_mean = (moment(1, m + h, s) - moment(1, m - h, s)) / (2 * h)
        by_deviation = (moment(2, m, s + h) - moment(2, m, s - h)) / (2 * h)
    assert found.variance == pytest.approx(found.second - found.mean**2, rel=1e-12)
    assert found.mean_by_mean == pytest.approx(float(by_mean), rel=1e-9)
    assert found.second_by_deviation == pytest.approx(float(by_deviation), rel=1e-9)


def test_moments_of_every_activation_are_the_certified_ones():
    for name in ("mish", "silu", "elu", "relu"):
        certified = facts.certified(name, "normal")
        found = mean_field.moments(name)
        for fact, got in (
            ("mean", found.mean),
            ("second_moment", found.second),
            ("variance", found.variance),
            ("mean_slope", found.mean_by_mean),
        ):
            assert got == pytest.approx(float(certified[fact].numbers["value"]), rel=1e-12)


def test_the_dual_of_relu_is_the_arc_cosine_kernel():
    for c in (-1.0, -0.7, 0.0, 0.3, 0.9, 1.0):
        exact = (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / (2 * math.pi)
        assert mean_field.dual("relu", 2.0, c) == pytest.approx(2 * exact, abs=1e-12)
        slope = (math.pi - math.acos(c)) / (2 * math.pi)
        assert mean_field.dual("relu", 2.0, c, 1) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("name", ["mish", "silu", "gelu", "softplus"])
def test_the_dual_is_mehlers_sum(name):
    # Σ aₙ²cⁿ with the certified Hermite coefficients; what is left out is below the last ones
    hermite = facts.certified(name, "normal")["hermite"].numbers
    a = [float(hermite[f"a{n}"].low) for n in range(6)]
    for c in (-0.2, 0.1, 0.2):
        total = math.fsum(each * each * c**n for n, each in enumerate(a))
        assert mean_field.dual(name, 1.0, c) == pytest.approx(total, abs=3e-3 * abs(c) ** 6)
    assert mean_field.dual(name, 1.0, 0.0) == pytest.approx(a[0] ** 2, rel=1e-12)


@pytest.mark.parametrize("name", mean_field.ACTIVATIONS)
def test_the_slope_of_the_dual_is_the_dual_of_the_slopes(name):
    # dK/dc = q·E[f′(u)f′(v)]
    q, c, h = 1.3, 0.4, 1e-4
    chord = (mean_field.dual(name, q, c + h) - mean_field.dual(name, q, c - h)) / (2 * h)
    assert chord == pytest.approx(q * mean_field.dual(name, q, c, 1), rel=1e-6)


@pytest.mark.parametrize(
    ("sigma_b", "sigma_w"), [(0.05, 1.5972), (0.1, 1.5410), (0.2, 1.4634), (0.3, 1.4211)]
)
def test_edge_of_chaos(sigma_b, sigma_w):
    edge = mean_field.edge_of_chaos("mish", sigma_b)
    assert edge.sigma_w == pytest.approx(sigma_w, abs=6e-5)
    with mpmath.workdps(20):
        s = mpmath.sqrt(edge.q)

        def average(of):
            return mpmath.quad(lambda z: of(s * z) * mpmath.npdf(z), [-10, -5, -2, 0, 2, 5, 10])

        variance = edge.sigma_w**2 * average(lambda x: mish(x) ** 2) + sigma_b**2
        chi = edge.sigma_w**2 * average(lambda x: mpmath.diff(mish, x) ** 2)
    assert float(variance) == pytest.approx(edge.q, rel=1e-10)
    assert float(chi) == pytest.approx(1, rel=1e-10)


def test_relu_has_no_edge_with_biases():
    assert mean_field.edge_of_chaos("relu", 0.1) is None


def test_depth_scales_are_what_iteration_shows():
    sigma_w, sigma_b = 1.3, 0.3
    found = mean_field.depth_scales("mish", sigma_w, sigma_b)
    assert found.chi < 1
    assert found.correlation == 1
    layers = mean_field.kernels("mish", sigma_w, sigma_b, 0.5, 40)
    off = layers.q - found.q
    assert off[31] / off[30] == pytest.approx(math.exp(-1 / found.xi_q), rel=1e-3)
    away = 1 - layers.correlation
    assert away[40] / away[39] == pytest.approx(math.exp(-1 / found.xi_c), rel=1e-4)
    chaotic = mean_field.depth_scales("tanh", 2.0, 0.1)
    assert chaotic.chi > 1
    assert 0 < chaotic.correlation < 1


def test_the_tangent_kernel_obeys_its_recursion():
    found = mean_field.kernels("relu", math.sqrt(2), 0.0, 0.5, 3)
    # the kernel of ReLU with σ_w² = 2: q stays 1, and each layer adds 1 to the diagonal
    np.testing.assert_allclose(found.q, 1, rtol=1e-12)
    np.testing.assert_allclose(found.tangent_diagonal, [1, 2, 3, 4], rtol=1e-12)
    c = 0.5
    following = (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / math.pi
    assert found.correlation[1] == pytest.approx(following, rel=1e-10)
    slope = (math.pi - math.acos(c)) / math.pi
    assert found.tangent[1] == pytest.approx(following + 0.5 * slope, rel=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_field.moments("tan"), "activation must be one of"),
        (lambda: mean_field.moments("mish", 0, 0), "deviation must be a positive number, not 0"),
        (lambda: mean_field.moments("mish", math.nan), "mean must be finite, not nan"),
        (lambda: mean_field.dual("mish", -1, 0), "q must be a positive number, not -1"),
        (lambda: mean_field.dual("mish", 1, 1.5), "correlation must be from -1 to 1, not 1.5"),
        (lambda: mean_field.dual("mish", 1, 0, 2), "order must be 0 or 1, not 2"),
        (lambda: mean_field.edge_of_chaos("mish", 0), "sigma_b must be a positive number"),
        (lambda: mean_field.kernels("mish", 1, 0, 0.5, -1), "layers must be 0 or more, not -1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_layers_that_never_settle():
    with pytest.raises(ArithmeticError, match="there is no fixed point"):
        mean_field.depth_scales("relu", 2.0, 0.1)
