"""Power as simulated, and the numbers of pairs that follow."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("statsmodels")

from mish.study import _power as power
from mish.study import _statistics as statistics

TRIALS = 600
TOLERANCE = 3 * math.sqrt(0.8 * 0.2 / TRIALS)  # three standard errors of a share of 0.8


def share_below(level, test, mean, spread, pairs):
    rng = np.random.default_rng(11)
    return np.mean([test(rng.normal(mean, spread, pairs)) < level for _ in range(TRIALS)])


@pytest.mark.parametrize("tests", [1, 20])
def test_differences_are_found_as_often_as_predicted(tests):
    margin, spread, level = 0.5, 0.9, statistics.ALPHA / tests
    for pairs in (20, 40):
        predicted = power.power_of_difference(pairs, spread, margin, tests)
        found = share_below(level, statistics.t_test, margin, spread, pairs)
        assert found == pytest.approx(predicted, abs=TOLERANCE)


@pytest.mark.parametrize("tests", [1, 20])
def test_sameness_is_shown_as_often_as_predicted(tests):
    margin, spread, level = 0.5, 0.9, statistics.ALPHA / tests
    for pairs in (40, 70):
        predicted = power.power_of_sameness(pairs, spread, margin, tests)
        found = share_below(
            level, lambda each: statistics.equivalence(each, margin), 0, spread, pairs
        )
        assert found == pytest.approx(predicted, abs=TOLERANCE)


@pytest.mark.parametrize("tests", [1, 7, 91])
@pytest.mark.parametrize("spread", [0.05, 0.3, 1.0, 5.0])
def test_so_many_pairs_and_no_more(spread, tests):
    pairs = power.pairs_needed(spread, 0.5, tests)
    least = [
        min(each(n, spread, 0.5, tests) for each in POWERS) if n >= 2 else 0
        for n in (pairs - 1, pairs)
    ]
    assert least[0] < power.POWER <= least[1]


POWERS = (power.power_of_difference, power.power_of_sameness)


def test_a_tenth_of_a_point_on_a_large_network():
    """At the spread of a point's 0.56, some 250 pairs find it, and 270 show that there is none."""
    assert power.power_of_difference(250, 0.56, 0.1) == pytest.approx(0.8, abs=0.01)
    assert power.pairs_needed(0.56, 0.1) == pytest.approx(270, abs=2)


def test_extreme_spreads():
    assert math.isnan(power.pairs_needed(math.nan, 0.5))
    assert power.pairs_needed(1e-12, 0.5) == 2
    assert power.pairs_needed(1e12, 0.5) == math.inf
    pairs = power.pairs_needed(0.0, 0.5, tests=4)
    assert statistics.t_test(np.ones(pairs)) <= statistics.ALPHA / 4
    assert statistics.t_test(np.ones(pairs - 1)) > statistics.ALPHA / 4
    assert power.power_of_difference(20, 0.0, 0.5) == 1


@pytest.mark.parametrize("pairs", [2, 3, 8, 20, 250, 10_000, 2**40])
@pytest.mark.parametrize("tests", [1, 70, 1000])
def test_power_grows_to_one_as_the_spread_falls(pairs, tests):
    found = [power.power_of_difference(pairs, each, 0.05, tests) for each in SPREADS]
    assert np.diff(found).min() >= -1e-9
    assert found[-1] == pytest.approx(1, abs=0.01)


def test_power_where_another_implementation_fails():
    """Of these statsmodels 0.14 gives NaN at 120; all are sure to be found."""
    margins = np.linspace(1, 5, 4000)
    assert all(power.power_of_difference(250, 1, each, 70) == 1 for each in margins)


SPREADS = (*np.geomspace(1e3, 1e-5, 60), 0)
