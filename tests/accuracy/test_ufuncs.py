"""The ufuncs against the certified reference, in ulp."""

from __future__ import annotations

import numpy as np
import pytest

import mish
from mish import reference, ulp
from mish._truth import hard_inputs as points

DERIVATIVES = {0: mish.mish, 1: mish.mish_d1, 2: mish.mish_d2, 3: mish.mish_d3}
# Proved for float32 by the sweep over all inputs. float16 is the float32 result rounded.
BOUND = {np.float16: 0.51, np.float32: 1.0, np.float64: 1.0}


@pytest.mark.parametrize("dtype", BOUND)
@pytest.mark.parametrize("order", DERIVATIVES)
def test_error_at_hard_points(order, dtype):
    x = points.hard(dtype, order)
    assert x.size > 10_000
    error = ulp.error(DERIVATIVES[order](x), x, order)
    worst = np.argmax(error)
    print(f"order {order}, {np.dtype(dtype)}: {error[worst]:.4f} ulp at {float(x[worst]).hex()}")
    assert error[worst] <= BOUND[dtype], float(x[worst]).hex()


@pytest.mark.parametrize("order", DERIVATIVES)
def test_float64_beside_zeros_and_thresholds(order):
    parts = [points.near(zero, np.float64, 4000) for zero in points.ZEROS[order]]
    parts += [points.near(each, np.float64, 500) for each in points.FLOAT64_THRESHOLDS]
    spread = np.random.default_rng(order).uniform(-1e-9, 1e-9, 500)
    parts += [each * (1 + spread) for each in points.FLOAT64_THRESHOLDS]
    x = np.concatenate(parts)
    assert ulp.error(DERIVATIVES[order](x), x, order).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("order", DERIVATIVES)
def test_error_over_every_float16(order):
    x = np.arange(65536, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x)]
    assert ulp.error(DERIVATIVES[order](x), x, order).max() <= BOUND[np.float16]


@pytest.mark.parametrize("dtype", BOUND)
@pytest.mark.parametrize("order", DERIVATIVES)
def test_special_values(order, dtype):
    x = np.array([-np.inf, np.inf, 0.0, -0.0, np.nan, -np.nan], dtype)
    got = DERIVATIVES[order](x)
    expected = reference.rounded(x, dtype, order)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got[:4]), np.signbit(expected[:4]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_subnormal_results_are_kept(dtype):
    tiny = np.finfo(dtype).tiny
    x = np.concatenate([points.near(tiny, dtype, 50) / 4, points.near(-tiny, dtype, 50) / 64])
    y = mish.mish(x)
    assert np.all(y != 0)
    assert ulp.error(y, x).max() <= BOUND[dtype]


@pytest.mark.parametrize("dtype", BOUND)
def test_the_backward_pass_is_the_product_rounded_once(dtype):
    x = points.hard(dtype, 1)
    dy = points.random_bits(dtype, 4 * x.size, 7)[: x.size]
    wide = np.float32 if dtype == np.float16 else dtype
    with np.errstate(all="ignore"):
        expected = (dy.astype(wide) * mish.mish_d1(x.astype(wide))).astype(dtype)
    np.testing.assert_array_equal(mish.mish_grad(dy, x), expected)


def test_gradient_times_zero_infinity_and_nan():
    dy = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, np.inf, 1.0], np.float32)
    x = np.array([1.0, 1.0, 1.0, -5.0, 1.0, -np.inf, np.nan], np.float32)
    expected = np.array([0.0, -0.0, np.inf, np.inf, np.nan, np.nan, np.nan], np.float32)
    got = mish.mish_grad(dy, x)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got[:4]), np.signbit(expected[:4]))
