"""Bounds on intervals: they hold, by the certified truth, and no line bounds more tightly."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from flint import arb

import mish
from mish import bounds, facts, reference
from mish._truth.balls import working_bits

C1, C2 = bounds._C1, bounds._C2
ENDS = [-690.0, -30.0, -6.0, -3.0, C1, -2.0, -1.5, bounds._X0, -0.5, 0.0, 0.7, C2, 2.0, 5.0, 30.0]
ALL = [(low, high) for low in ENDS for high in ENDS if low <= high]
LOW, HIGH = np.array(ALL).T


def random_intervals(count, seed=11):
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.normal(0, 4, (count, 2)), axis=1)
    narrow = ends[:, :1] + np.array([0, 1]) * 10.0 ** rng.uniform(-12, 0, (count, 1))
    return np.concatenate([ends, narrow]).T


def places(low, high, count=33):
    """Points of an interval, ends and middle among them, and where the shape changes."""
    inside = [each for each in (C1, bounds._X0, C2) if low <= each <= high]
    return np.concatenate([np.linspace(low, high, count), inside])


def assert_bounds(low, high, lines):
    with working_bits(160):
        for i in range(low.size):
            below, low_intercept, above, high_intercept = (arb(float(part[i])) for part in lines)
            for x in places(low[i], high[i]).tolist():
                value = reference.ball(arb(x), 0)
                assert not below * x + low_intercept > value, (low[i], high[i], x)
                assert below * x + low_intercept <= value, (low[i], high[i], x)
                assert value <= above * x + high_intercept, (low[i], high[i], x)


def test_the_constants_are_the_certified_ones():
    shape = facts.certified("mish")
    assert float(shape["minimum"].numbers["x"]) == bounds._X0
    assert float(shape["inflections"].numbers["x0"]) == C1
    assert float(shape["inflections"].numbers["x1"]) == C2


@pytest.mark.parametrize("given", [(LOW, HIGH), random_intervals(60)], ids=["ends", "random"])
def test_lines_bound_mish_by_the_certified_truth(given):
    low, high = given
    assert_bounds(low, high, bounds.linear(low, high))


def test_lines_bound_mish_on_many_intervals():
    low, high = random_intervals(3000, seed=2)
    lines = bounds.linear(low, high)
    share = np.linspace(0, 1, 65)[:, None]
    x = np.clip(low + share * (high - low), low, high)
    y = mish.mish(x)
    room = 2.0**-50 * np.maximum(np.abs(low), np.abs(high))  # of this test's own rounding
    assert np.all(lines.lower_slope * x + lines.lower_intercept <= y + room)
    assert np.all(y <= lines.upper_slope * x + lines.upper_intercept + room)


def test_no_line_leaves_less_area():
    # the area depends on the height in the middle alone; the hull's is found on a dense grid
    low, high = random_intervals(40, seed=4)
    wide = high - low > 1e-3
    low, high = np.concatenate([low[wide], LOW]), np.concatenate([high[wide], HIGH])
    lines = bounds.linear(low, high)
    for i in range(low.size):
        if low[i] == high[i]:
            continue
        middle = low[i] / 2 + high[i] / 2
        x = np.concatenate([np.linspace(low[i], high[i], 4001)])
        y = mish.mish(x)
        left, right = x < middle, x > middle
        # the hull's height: the extreme chord over the middle; where it is curved, Mish's own
        for slope, intercept, side in (
            (lines.upper_slope, lines.upper_intercept, 1),
            (lines.lower_slope, lines.lower_intercept, -1),
        ):
            height = slope[i] * middle + intercept[i]
            # the least a with y ≤ height + a·(x − middle) on the right, the largest on the left
            room = side * (height - y)
            steepest = np.max((-room[right]) / (x - middle)[right])
            flattest = np.min((room[left]) / (middle - x)[left])
            assert steepest <= flattest + 1e-9
            # and no lower height leaves room for a slope
            less = height - side * (1e-6 * (high[i] - low[i]) + 1e-9)
            room = side * (less - y)
            steepest = np.max((-room[right]) / (x - middle)[right])
            flattest = np.min((room[left]) / (middle - x)[left])
            assert steepest > flattest or side * (less - mish.mish(middle)) < 0, (low[i], high[i])


def test_one_point():
    lines = bounds.linear(1.0, 1.0)
    value = float(reference.value(1.0, 0, 20))
    for slope, intercept in (lines[:2], lines[2:]):
        assert abs(slope + intercept - value) < 1e-14


def test_large_ends():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        lines = bounds.linear([-1e308, 1e307, -1e300, 3.0], [1e308, 1.7e308, -1e299, 1e20])
    assert np.all(np.isfinite(lines))
    assert lines.upper_intercept[3] >= -1e-9


def test_interval_holds_the_range_and_is_tight():
    low, high = np.concatenate([np.array([LOW, HIGH]), random_intervals(60)], axis=1)
    found = bounds.interval(low, high)
    with working_bits(160):
        for i in range(low.size):
            values = [reference.ball(arb(x), 0) for x in places(low[i], high[i]).tolist()]
            assert all(found.lower[i] <= value for value in values)
            assert all(value <= found.upper[i] for value in values)
            ends = [min(map(float, values)), max(map(float, values))]
            np.testing.assert_allclose([found.lower[i], found.upper[i]], ends, 4 * 2.0**-52, 1e-320)


def test_lipschitz_holds_the_slopes_and_is_tight():
    low, high = np.concatenate([np.array([LOW, HIGH]), random_intervals(60)], axis=1)
    found = bounds.lipschitz(low, high)
    with working_bits(160):
        for i in range(low.size):
            slopes = [abs(reference.ball(arb(x), 1)) for x in places(low[i], high[i]).tolist()]
            assert all(slope <= found[i] for slope in slopes)
            np.testing.assert_allclose(found[i], max(map(float, slopes)), 4 * 2.0**-52)


def test_the_whole_line():
    whole = bounds.interval(-np.inf, np.inf)
    assert whole.upper == np.inf
    assert whole.lower == pytest.approx(-0.30884341301725)
    assert bounds.lipschitz(-np.inf, np.inf) == pytest.approx(1.08849816125173)
    assert bounds.interval(-np.inf, -800.0).upper >= 0


def test_shapes():
    lines = bounds.linear(np.zeros((2, 1), np.float32), [1, 2, 3])
    assert all(each.shape == (2, 3) and each.dtype == np.float64 for each in lines)
    assert bounds.linear([], []).lower_slope.shape == (0,)
    assert isinstance(bounds.lipschitz(0, 1), float)


@pytest.mark.parametrize("function", [bounds.interval, bounds.lipschitz, bounds.linear])
def test_bad_input(function):
    with pytest.raises(ValueError, match=r"lower must not be above upper, as 2.0 is above 1.0"):
        function([0, 2], [1, 1])
    with pytest.raises(ValueError, match="upper must not hold NaN"):
        function(0, np.nan)
    with pytest.raises(TypeError, match="lower must hold real numbers, not complex128"):
        function(1j, 1)
    if function is bounds.linear:
        with pytest.raises(ValueError, match="upper must be finite"):
            function(0, np.inf)
