"""Units in the last place, and errors measured in them."""

from __future__ import annotations

import ml_dtypes
import mpmath
import numpy as np
import pytest

from mish import reference, ulp

FORMATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_ulp_is_the_spacing_of_the_format(dtype):
    bits = np.random.default_rng(7).integers(0, 2**16, 3000, np.uint16).astype(np.uint64)
    bits <<= np.uint64(8 * dtype(0).nbytes - 16)
    values = bits.astype(f"u{dtype(0).nbytes}").view(dtype)
    values = values[np.isfinite(values)]
    assert (values == 0).sum() < 10 < len(values)
    np.testing.assert_array_equal(ulp.ulp(values, dtype), np.spacing(np.abs(values)))


def test_ulp_at_the_edges():
    one_less = np.nextafter(1.0, 0)
    assert ulp.ulp(one_less, np.float64) == 2.0**-53
    assert ulp.ulp(-1.0, np.float32) == 2.0**-23
    assert ulp.ulp(one_less, np.float32) == 2.0**-24  # the binade of the value, not of its rounding
    assert ulp.ulp(0.0, np.float32) == 2.0**-149
    assert ulp.ulp(1e-300, np.float32) == 2.0**-149
    assert ulp.ulp(1e300, np.float32) == 2.0**104
    assert ulp.ulp(1.0, "bfloat16") == 2.0**-7
    assert ulp.ulp(0.0, "bfloat16") == 2.0**-133
    assert np.isnan(ulp.ulp([np.inf, np.nan], np.float32)).all()


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("dtype", FORMATS)
def test_error_of_the_two_nearest_numbers(dtype, order):
    x = np.array([-103.0, -40.0, -15.5, -2.26, -1.19, 0.3, 1.49, 7.0, 30.0], dtype)
    nearest = reference.rounded(x, dtype, order)
    one_spacing = np.abs(np.frexp(nearest.astype(np.float64))[0]) != 0.5  # on both sides
    x, nearest = x[one_spacing], nearest[one_spacing]
    error = ulp.error(nearest, x, order)
    assert (error <= 0.5).all()
    beyond = [ulp.error(np.nextafter(nearest, dtype(side)), x, order) for side in (-np.inf, np.inf)]
    # the exact value lies between two neighbours: the errors of these two add up to one spacing
    assert (np.abs(np.minimum(*beyond) + error - 1) < 1e-5).all()
    assert (np.abs(np.maximum(*beyond) - error - 1) < 1e-5).all()


def test_error_sees_what_float64_cannot():
    x = np.linspace(-5, 5, 41)
    nearest = reference.rounded(x, np.float64)
    error = ulp.error(nearest, x)
    assert 0.25 < error[x != 0].max() <= 0.5
    assert error[x == 0] == 0


def test_the_unit_is_that_of_the_exact_value():
    # mish passes 1 here; the first 60 digits do not show on which side of 1 it is
    with mpmath.workdps(90):
        place = mpmath.findroot(lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))) - 1, 1.2)
        below, above = (mpmath.nstr(place + side * mpmath.mpf(10) ** -60, 80) for side in (-1, 1))
    computed = np.float32(1) + np.float32(2**-23)
    assert ulp.error(computed, below) == pytest.approx(2)
    assert ulp.error(computed, above) == pytest.approx(1)


def test_error_in_the_tails():
    # mish(-1e4) is about -1e-4339, nothing next to the least subnormal
    assert ulp.error(np.float64(0), -1e4) == 0
    assert ulp.error(np.float64(5e-324), -1e4) == 1
    assert ulp.error(np.float32(0), np.float32(-np.inf), 1) == 0
    assert ulp.error(np.float64(1e-323), -0.0) == 2
    assert ulp.error(np.float32(3e-45), -1e300) == 2
    # mish(-104) is 50.7 subnormal steps in float32: -104 e^-104 / 2^-149
    exact_steps = -float(reference.value(-104)) * 2.0**149
    assert ulp.error(np.float32(0), -104.0) == pytest.approx(exact_steps, abs=1e-5)
    assert ulp.error(np.float64(1e4), 1e4) < 1e-300


def specials(dtype):
    """Pairs of result and point, and whether the result is right."""
    inf, nan = np.inf, np.nan
    rows = [(inf, inf, 1), (-inf, inf, 0), (1.0, inf, 0), (nan, nan, 1), (nan, 1.0, 0)]
    rows += [(1.0, nan, 0), (inf, nan, 0), (inf, 3.0, 0), (-0.0, -inf, 1), (0.0, 0.0, 1)]
    computed, x, right = np.array(rows).T
    return computed.astype(dtype), x, right == 1


@pytest.mark.parametrize("dtype", FORMATS)
def test_infinities_and_nan(dtype):
    computed, x, right = specials(dtype)
    expected = np.where(right, 0.0, np.inf)
    np.testing.assert_array_equal(ulp.error(computed, x), expected)
    if dtype is not np.float64:
        truth = reference.rounded(x, np.float64)
        np.testing.assert_array_equal(ulp.error_against(computed, truth), expected)


def test_a_value_beyond_the_format_must_be_infinite():
    computed = np.array([np.inf, 65504, 65504, np.inf], np.float16)
    x = np.array([65521.0, 65521.0, 65519.0, 65519.0])
    expected = [0, np.inf, 15 / 32, np.inf]
    np.testing.assert_allclose(ulp.error(computed, x), expected, rtol=1e-6)
    np.testing.assert_allclose(ulp.error_against(computed, x), expected, rtol=1e-6)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_the_fast_measure_agrees_with_the_exact_one(dtype, order):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(0, 4, 300), rng.uniform(-120, -80, 100)]).astype(dtype)
    wrong = rng.integers(-3, 4, x.size).astype(np.float64)
    truth = reference.rounded(x, np.float64, order)
    computed = (truth + wrong * ulp.ulp(truth, dtype)).astype(dtype)
    exact = ulp.error(computed, x, order)
    assert exact.max() > 2
    assert np.abs(ulp.error_against(computed, truth) - exact).max() < 2.0**-18


def test_error_broadcasts():
    x = np.array([[1.0], [2.0]])
    assert ulp.error(np.ones(3), x).shape == (2, 3)
    assert ulp.error(np.float32(1), 1.0).shape == ()
    assert ulp.error_against(np.ones(3, np.float32), x).shape == (2, 3)
