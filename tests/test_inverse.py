"""The two inverses against the certified truth, and as functions of arrays."""

from __future__ import annotations

import math
import pickle

import ml_dtypes
import mpmath
import numpy as np
import pytest
from flint import arb

import mish
from mish import reference
from mish._taylor import inverse as module
from mish._truth import brackets
from mish._truth.balls import working_bits

LEAST = -0.3088434130172504  # the least float64 that Mish reaches
BRANCHES = ["right", "left"]
# in ulp: the bound in the docstring
FLOAT64, NARROW = 2.0, 0.50001


def error(x, y, branch):
    """How far each x is from the exact one, in its ulp."""
    found = []
    with working_bits(160):
        for ours, value in zip(x.tolist(), y.tolist(), strict=True):
            exact = reference.inverse_ball(arb(value), branch)
            found.append(float(abs(exact - ours)) / math.ulp(float(exact)))
    return np.array(found)


def outputs(branch):
    """Where the code changes its way, next to the minimum, far out, and between."""
    rng = np.random.default_rng(5)
    seams = [LEAST + module._NEAR_MINIMUM**2, module._LEFT_TAIL, -module._NEAR_ZERO, -0.05]
    if branch == "right":
        seams += [module._NEAR_ZERO, mish.mish(4.5), mish.mish(20.0), 0.3, 1.0]
    at = np.array(seams)
    parts = [at, np.nextafter(at, 9), np.nextafter(at, -9), at * (1 + 1e-6), at * (1 - 1e-6)]
    y = LEAST + np.arange(12) * math.ulp(LEAST)
    parts += [y, LEAST + np.geomspace(1e-15, 0.3, 60), rng.uniform(LEAST, 0, 60)]
    parts += [-(10.0 ** rng.uniform(-307, -1, 30)), [-5e-324, -1e-320, -2.3e-308]]
    if branch == "right":
        parts += [10.0 ** rng.uniform(-307, 2, 40), [5e-324, 1e-310, 1e300, 1.7e308]]
    return np.concatenate(parts)


@pytest.mark.parametrize("branch", BRANCHES)
def test_float64_is_within_two_ulp(branch):
    y = outputs(branch)
    x = mish.inverse(y, branch)
    errors = error(x, y, branch)
    at = np.argmax(errors)
    assert errors[at] <= FLOAT64, f"{errors[at]} ulp at y = {y[at]!r}"


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_formats_are_rounded_once_more(branch, dtype):
    with np.errstate(over="ignore"):
        y = outputs(branch).astype(dtype)
    y = y[np.isfinite(y) & (y.astype(np.float64) > LEAST) & (y != 0)]
    x = mish.inverse(y, branch)
    assert x.dtype == dtype
    info = ml_dtypes.finfo(dtype)
    with working_bits(160):
        exact = np.array([float(reference.inverse_ball(arb(float(each)), branch)) for each in y])
    unit = 2.0 ** np.floor(np.log2(np.abs(exact))) * float(info.eps)
    unit = np.maximum(unit, float(info.smallest_subnormal))
    normal = np.abs(exact) < float(info.max)
    errors = np.abs(x.astype(np.float64) - exact)[normal] / unit[normal]
    assert errors.max() <= NARROW


@pytest.mark.parametrize("branch", BRANCHES)
def test_float32_over_its_range(branch):
    # every 601st output; benchmarks/cpu/inverse_sweep.py tries them all
    least = int(np.float32(LEAST).view(np.uint32))
    parts = [np.arange(0x80000001, least, 601, dtype=np.uint32)]
    if branch == "right":
        parts.append(np.arange(1, 0x7F800000, 601 * 4, dtype=np.uint32))
    y = np.concatenate(parts).view(np.float32)
    x = mish.inverse(y, branch)
    assert np.all(brackets.holds(x, y, branch, 0.501))
    off = x.view(np.uint32) + 1  # one ulp farther out; the exact x may lie halfway
    assert np.mean(brackets.holds(off.view(np.float32), y, branch, 0.501)) < 0.05


@pytest.mark.parametrize("branch", BRANCHES)
def test_the_truth_against_mpmath_to_30_digits(branch):
    for y in (-0.3088, -0.3, -0.125, -1e-3, *((0.25, 2.5, 60.0) if branch == "right" else ())):
        with mpmath.workdps(50):
            start = mpmath.mpf(float(mish.inverse(y, branch)))
            exact = mpmath.findroot(
                lambda x, y=y: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))) - mpmath.mpf(y), start
            )
            got = mpmath.mpf(str(reference.inverse(y, branch, 40)))
            assert abs(got - exact) < abs(exact) * mpmath.mpf(10) ** -30


@pytest.mark.parametrize("branch", BRANCHES)
def test_the_truth_next_to_the_minimum_and_far_out(branch):
    sign = 1 if branch == "right" else -1
    digits = "-0.3088434130172504066287602"
    x = reference.inverse(digits, branch, 40)
    with mpmath.workdps(60):
        z = mpmath.mpf(str(x))
        again = z * mpmath.tanh(mpmath.log1p(mpmath.exp(z)))
        assert abs(again - mpmath.mpf(digits)) < mpmath.mpf(10) ** -50
        assert sign * (z + mpmath.mpf("1.192431214515495")) > 0
    assert reference.inverse("-0.30884341301725041", branch).is_nan()
    far = reference.inverse("-1e-500", branch)
    assert str(far).startswith("-1.6666666666666" if branch == "right" else "-1158.34")


def test_special_values():
    y = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -0.3089, 1e308, 1.0])
    right, left = mish.inverse(y), mish.inverse(y, "left")
    np.testing.assert_array_equal(right[:6], [0, -0.0, np.inf, np.nan, np.nan, np.nan])
    assert np.signbit(right[1])
    assert not np.signbit(right[0])
    assert right[6] == 1e308
    np.testing.assert_array_equal(left, [-np.inf, -np.inf, *[np.nan] * 6])
    assert [str(reference.inverse(each)) for each in (0.0, -0.0)] == ["0", "-0"]
    assert str(reference.inverse(0, "left")) == "-Infinity"


def test_the_number_next_below_the_least_value_has_no_x():
    for dtype in (np.float32, np.float64, np.float16):
        y = np.array(LEAST, dtype)
        exact = reference.value("-1.19243121451549521213758846", 0, 25)
        if float(y) < exact:
            y = np.nextafter(y, dtype(0))
        assert np.isfinite(mish.inverse(y))
        below = np.nextafter(y, dtype(-1))
        assert np.isnan(mish.inverse(below))
        assert np.isnan(mish.inverse(below, "left"))


def test_shapes_and_dtypes():
    one = mish.inverse(np.float32(1))
    assert type(one) is np.float32
    assert type(mish.inverse(1)) is np.float64
    assert mish.inverse([[1, 2], [3, 4]]).shape == (2, 2)
    assert mish.inverse(np.array([], np.float32)).dtype == np.float32
    strided = np.linspace(-0.3, 3, 40)[::-3]
    np.testing.assert_array_equal(mish.inverse(strided), mish.inverse(strided.copy()))
    assert isinstance(mish.inverse(np.float64(1)), np.float64)
    large = np.linspace(-0.3, 30, 50_000)
    np.testing.assert_array_equal(mish.inverse(large)[::997], mish.inverse(large[::997]))


def test_out_and_where():
    y = np.linspace(-0.3, 3, 7)
    out = np.full(7, -9.0)
    where = y > 0
    assert mish.inverse(y, out=out, where=where) is out
    np.testing.assert_array_equal(out, np.where(where, mish.inverse(y), -9))
    same = y.copy()
    mish.inverse(same, "right", out=same)
    np.testing.assert_array_equal(same, mish.inverse(y))
    wide = np.empty(7)
    mish.inverse(y.astype(np.float32), out=wide)
    np.testing.assert_array_equal(wide, mish.inverse(y.astype(np.float32)))


def test_round_trip():
    x = np.linspace(-1.1, 30, 1000)
    np.testing.assert_allclose(mish.inverse(mish.mish(x)), x, rtol=1e-14)
    x = np.linspace(-700, -1.3, 1000)
    np.testing.assert_allclose(mish.inverse(mish.mish(x), "left"), x, rtol=1e-14)


def test_it_can_be_sent_to_another_process():
    again = pickle.loads(pickle.dumps(module._FUNCTIONS["left"]))
    assert again(-0.1) == mish.inverse(-0.1, "left")
