"""Mish over array namespaces against the ufuncs in float64 and the certified truth."""

from __future__ import annotations

import numpy as np
import pytest

import mish
from mish import formula, reference

HARD = (-1e4, -103, -92, -88.8, -87.4, -20, -17, -3.267, -1.1924312, -0.0879, -1e-30, 0.0)
HARD += (1e-40, 0.5, 1.49, 2.1148, 8, 20, 44, 88.8, 1e4)
LEFT_TAIL = (-104, -17)


@pytest.fixture(params=["numpy", "torch"])
def apply(request):
    """formula.derivative through a namespace, on and to NumPy arrays."""
    xp = pytest.importorskip(request.param)
    return lambda x, order: np.asarray(formula.derivative(xp.asarray(x), order, xp))


@pytest.fixture(params=["numpy", "torch"])
def apply_wide(request):
    """The shorter way of the formats that allow it."""
    xp = pytest.importorskip(request.param)
    return lambda x, order: np.asarray(formula.derivative(xp.asarray(x), order, xp, wide=True))


def errors(got, order, x):
    truth = mish.derivative(x.astype(np.float64), order)
    return np.abs(got - truth), np.spacing(np.abs(truth).astype(got.dtype)).astype(np.float64)


def test_float32_within_ulps(apply):
    x = np.concatenate([np.linspace(-104, 104, 200_001), np.linspace(-5, 5, 200_001)])
    x = x.astype(np.float32)
    error, ulp = errors(apply(x, 0), 0, x)
    assert np.max(error / ulp) <= 7.5


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_are_close_everywhere_and_accurate_in_the_left_tail(apply, order):
    x = np.linspace(-104, 104, 200_001).astype(np.float32)
    error, ulp = errors(apply(x, order), order, x)
    assert np.max(error) <= 7e-7
    tail = (x > LEFT_TAIL[0]) & (x < LEFT_TAIL[1])
    assert np.max((error / ulp)[tail]) <= 6


@pytest.mark.parametrize("order", [0, 1])
def test_the_shorter_way_in_float32(apply_wide, order):
    x = np.concatenate([np.linspace(-104, 104, 200_001), np.linspace(-5, 5, 200_001)])
    x = x.astype(np.float32)
    got = apply_wide(x, order)
    assert got.dtype == np.float32
    error, ulp = errors(got, order, x)
    if order == 0:
        assert np.max(error / ulp) <= 6
    else:
        assert np.max(error) <= 5e-7
    assert np.max((error / ulp)[x < -17]) <= 6


@pytest.mark.parametrize("order", [0, 1])
def test_the_shorter_way_in_float64(apply_wide, order):
    x = np.concatenate([np.linspace(-745, 50, 20_001), np.array(HARD)])
    error, ulp = errors(apply_wide(x, order), order, x)
    assert np.max(error) <= 5e-15
    assert np.max((error / ulp)[x < -17]) <= 6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limits_of_the_shorter_way(apply_wide, dtype):
    largest = np.finfo(dtype).max
    x = np.array([-np.inf, -largest, -0.0, 0.0, 21.9, 22.1, 1e3, largest, np.inf], dtype)
    got = apply_wide(x, 0)
    np.testing.assert_array_equal(got, [0, 0, 0, 0, *x[4:]])
    np.testing.assert_array_equal(np.signbit(got[:4]), [1, 1, 1, 0])
    np.testing.assert_array_equal(apply_wide(x, 1)[[0, 1, 5, 6, 7, 8]], [0, 0, 1, 1, 1, 1])
    for order in (0, 1):
        assert np.isnan(apply_wide(np.array([np.nan], dtype), order))[0]


@pytest.mark.parametrize("order", range(7))
def test_float64_against_the_truth(apply, order):
    x = np.array(HARD)
    truth = np.array([float(reference.value(float(each), order)) for each in x])
    largest = max(1.0, np.max(np.abs(truth)))
    np.testing.assert_allclose(apply(x, order), truth, rtol=1e-13, atol=2e-15 * largest)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_limits_and_special_values(apply, dtype):
    x = np.array([-np.inf, np.finfo(dtype).min, -0.0, 0.0, np.finfo(dtype).max, np.inf], dtype)
    got = apply(x, 0)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, [0, 0, 0, 0, x[4], np.inf])
    np.testing.assert_array_equal(np.signbit(got), [1, 1, 1, 0, 0, 0])
    middle = np.array([0.6, 0.6], dtype)
    np.testing.assert_allclose(apply(x, 1), [0, 0, *middle, 1, 1], rtol=2 * np.finfo(dtype).eps)
    assert np.all(apply(x, 2)[[0, 1, 4, 5]] == 0)
    for order in range(4):
        assert np.isnan(apply(np.array([np.nan], dtype), order))[0]


def test_float16_does_not_overflow_in_its_own_arithmetic(apply):
    x = np.linspace(-20, 20, 4001).astype(np.float16)
    for order in range(4):
        error, _ = errors(apply(x, order), order, x)
        assert np.max(error / (1 + np.abs(x))) <= 4 * np.finfo(np.float16).eps


def test_negative_order_is_refused():
    with pytest.raises(ValueError, match="order must be 0 or more, not -1"):
        formula.derivative(np.zeros(1), -1, np)
