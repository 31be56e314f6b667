"""Paired statistics by SciPy and statsmodels, with an answer in the degenerate cases too.

Where all differences are one number, their spread is 0 and Student's t divides by it. Then the sign
test speaks: it asks for no spread, and says honestly how little two or three equal results prove.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mish._support.extras import needs
from mish.study._cells import Better

with needs("study", "mish.study"):
    from scipy import stats
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

Array: TypeAlias = npt.NDArray[np.float64]

ALPHA = 0.05
"""The chance that is taken, over all comparisons of a study, to say what is not so."""

RESAMPLES = 9999
_ROUNDING = 8 * np.finfo(np.float64).eps
"""Of the larger result: differences as small as this come of subtraction."""


def differences(baseline: Array, other: Array) -> Array:
    """Subtract pairs of finite results, so that equal differences have equal bits.

    97.4 − 97.2 and 96.6 − 96.4 differ in the last bits, and a spread of those would be taken for
    one of results.
    """
    found = baseline - other
    if not len(found):
        return found
    rounding = _ROUNDING * max(np.abs(baseline).max(), np.abs(other).max())
    found[np.abs(found) <= rounding] = 0.0
    if np.ptp(found) <= rounding:
        found[:] = found[0]
    return found


def worst_ranked(baseline: Array, other: Array, better: Better) -> Array:
    """Subtract pairs of results some of which are NaN, for a test by ranks.

    A run that diverged is worse than any that ended: its pair gets a difference above all
    others. Two that diverged are alike.
    """
    lost, lost_other = np.isnan(baseline), np.isnan(other)
    ended = ~lost & ~lost_other
    found = np.zeros(len(baseline))
    found[ended] = differences(baseline[ended], other[ended])
    above = 1 + 2 * np.abs(found).max(initial=0.0)
    worse = -above if better == "higher" else above
    found[lost & ~lost_other] = worse
    found[lost_other & ~lost] = -worse
    return found


def interval(values: Array) -> tuple[float, float]:
    """Enclose the mean: 95 % bootstrap interval, bias-corrected and accelerated (BCa).

    The generator is fixed, so that the same results have the same interval. Of fewer than two
    values it is NaN.
    """
    if len(values) < 2:
        return math.nan, math.nan
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def spread(found: Array) -> float:
    """Give the standard deviation of differences; NaN of fewer than two."""
    return float(np.std(found, ddof=1)) if len(found) >= 2 else math.nan


def effect(found: Array) -> float:
    """Give d_z, the mean of the differences over their standard deviation.

    It is infinite where they are one number other than 0, and NaN of fewer than two.
    """
    if len(found) < 2:
        return math.nan
    if np.ptp(found) == 0:
        return math.copysign(math.inf, found[0]) if found[0] else 0.0
    return float(np.mean(found)) / spread(found)


def t_test(found: Array) -> float:
    """Test by Student's paired t whether the mean difference is 0; NaN of fewer than two."""
    if len(found) < 2:
        return math.nan
    if np.ptp(found) == 0:
        return _same_sign(len(found), "two-sided") if found[0] else 1.0
    return float(DescrStatsW(found).ttest_mean(0.0)[1])


def wilcoxon(found: Array) -> float:
    """Test by Wilcoxon's signed ranks whether differences lie about 0; NaN of fewer than two.

    Differences of 0 are ranked and then set aside (Pratt), as dropping them beforehand would
    hide that results agree.
    """
    if len(found) < 2:
        return math.nan
    if not found.any():
        return 1.0
    return float(stats.wilcoxon(found, zero_method="pratt").pvalue)


def signed_ranks(found: Array) -> float:
    """Sum the ranks of differences with their signs, as Wilcoxon's test does."""
    return float(np.sum(np.sign(found) * stats.rankdata(np.abs(found))))


def equivalence(found: Array, margin: float) -> float:
    """Test whether the mean difference is as far from 0 as the margin: two one-sided t tests.

    Returns:
        A small number where it lies within the margin; NaN of fewer than two differences.
    """
    if len(found) < 2:
        return math.nan
    if np.ptp(found) == 0:
        return _same_sign(len(found), "greater") if abs(found[0]) < margin else 1.0
    return float(ttost_paired(found, np.zeros_like(found), -margin, margin)[0])


def holm(values: Sequence[float]) -> list[float]:
    """Correct the p values of one family by Holm's method.

    NaN stays NaN and counts as a test that found nothing, so that the others gain by none.
    """
    if not len(values):
        return []
    given = np.asarray(values, np.float64)
    tested = np.isfinite(given)
    corrected = multipletests(np.where(tested, given, 1.0), method="holm")[1]
    return [float(each) for each in np.where(tested, corrected, np.nan)]


def _same_sign(count: int, alternative: str) -> float:
    """Test by signs, all of which are one."""
    return float(stats.binomtest(count, count, 0.5, alternative=alternative).pvalue)
