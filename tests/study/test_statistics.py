"""Intervals and tests against SciPy, statsmodels, an example by hand, and truths that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("statsmodels")

from scipy import stats
from statsmodels.stats.multitest import multipletests

from mish.study import _statistics as statistics


@pytest.fixture
def found():
    return np.random.default_rng(3).normal(0.3, 1, 20)


def test_the_interval_is_scipys(found):
    expected = stats.bootstrap(
        (found,), np.mean, n_resamples=9999, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    assert statistics.interval(found) == (expected.low, expected.high)
    assert statistics.interval(found) == statistics.interval(found.copy())


def test_the_interval_covers_the_mean():
    """In 95 % of samples, as far as a bootstrap of 20 reaches that: 93 % by theory and trial."""
    rng = np.random.default_rng(0)
    ends = [statistics.interval(rng.normal(1, 2, 20)) for _ in range(250)]
    covered = np.mean([low <= 1 <= high for low, high in ends])
    assert 0.89 <= covered <= 0.98


def test_tests_are_scipys(found):
    assert statistics.t_test(found) == pytest.approx(stats.ttest_1samp(found, 0).pvalue)
    assert statistics.wilcoxon(found) == stats.wilcoxon(found).pvalue
    assert statistics.effect(found) == pytest.approx(np.mean(found) / np.std(found, ddof=1))


def test_differences_of_zero_are_ranked(found):
    """Zeros first shift the ranks of the others, and so weaken the small ones against them."""
    with_zeros = np.append(found, np.zeros(10))
    by_pratt = stats.wilcoxon(with_zeros, zero_method="pratt").pvalue
    assert statistics.wilcoxon(with_zeros) == by_pratt != statistics.wilcoxon(found)


def test_equivalence_by_hand():
    """Differences 1, 2, 3, margin 3: t = (2 − 3)/(1/√3) = −√3 with two degrees of freedom.

    Student's distribution with two has the closed form P(T ≤ t) = 1/2 + t/(2·√(2 + t²)).
    """
    by_hand = 0.5 - math.sqrt(3) / (2 * math.sqrt(5))
    assert statistics.equivalence(np.array([1.0, 2.0, 3.0]), 3.0) == pytest.approx(by_hand)
    assert statistics.equivalence(np.array([-1.0, -2.0, -3.0]), 3.0) == pytest.approx(by_hand)


def test_holm_is_statsmodels_and_by_hand():
    given = [0.01, 0.04, 0.03, 0.005]
    assert statistics.holm(given) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm(given) == multipletests(given, method="holm")[1].tolist()
    assert statistics.holm([]) == []


def test_holm_counts_a_test_that_was_not_possible():
    corrected = statistics.holm([0.01, math.nan, 0.03, math.nan])
    assert corrected[::2] == pytest.approx([0.04, 0.09])
    assert all(map(math.isnan, corrected[1::2]))


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_equal_differences_are_judged_by_their_signs(count):
    ones, zeros = np.full(count, 0.2), np.zeros(count)
    assert statistics.t_test(ones) == statistics.t_test(-ones) == 2.0 ** (1 - count)
    assert statistics.equivalence(ones, 0.5) == statistics.equivalence(zeros, 0.5) == 2.0**-count
    assert statistics.equivalence(ones, 0.2) == 1
    assert statistics.t_test(zeros) == statistics.wilcoxon(zeros) == 1
    assert statistics.interval(ones) == (0.2, 0.2)
    assert (statistics.effect(ones), statistics.effect(-ones)) == (math.inf, -math.inf)
    assert statistics.effect(zeros) == statistics.spread(zeros) == 0


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_say_nothing(count):
    few = np.ones(count)
    numbers = [
        *statistics.interval(few),
        statistics.effect(few),
        statistics.spread(few),
        statistics.t_test(few),
        statistics.wilcoxon(few),
        statistics.equivalence(few, 0.5),
    ]
    assert all(map(math.isnan, numbers))


def test_rounding_is_no_spread():
    baseline, other = np.array([97.4, 96.6, 0.3]), np.array([97.2, 96.4, 0.1])
    assert len(set(baseline - other)) > 1
    assert len(set(statistics.differences(baseline, other))) == 1
    nearly = np.array([1.0, 2.0, 3.0])
    assert not statistics.differences(nearly, nearly * (1 + 2**-52)).any()
    apart = statistics.differences(nearly, np.array([1.0, 2.0, 3.0 + 1e-9]))
    assert np.ptp(apart) > 0


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_who_diverges_is_ranked_behind_all(better):
    nan = math.nan
    baseline, other = np.array([5.0, nan, 3.0, nan]), np.array([1.0, 2.0, nan, nan])
    ranked = statistics.worst_ranked(baseline, other, better)
    sign = 1 if better == "higher" else -1
    assert ranked[0] == 4 and ranked[3] == 0
    assert ranked[1] * sign < -4 and ranked[2] * sign > 4
    assert statistics.signed_ranks(ranked) == 2  # 4 has rank 2, the others 3.5 with either sign


def test_a_small_sample_of_ties_warns_of_nothing():
    """Warnings are errors here: every sample of up to four of three numbers."""
    for count in (2, 3, 4):
        for sample in np.ndindex(*[3] * count):
            values = np.array(sample, float) / 5 - 0.2
            low, high = statistics.interval(values)
            assert low <= values.mean() + 1e-12 and values.mean() - 1e-12 <= high
            ps = [
                statistics.t_test(values),
                statistics.wilcoxon(values),
                statistics.equivalence(values, 0.3),
            ]
            assert all(0 <= p <= 1 for p in ps)
