"""How many pairs a verdict needs, from the spread of differences, by SciPy's noncentral t."""

from __future__ import annotations

import math
from collections.abc import Callable

from mish._support.extras import needs
from mish.study._statistics import ALPHA

with needs("study", "mish.study"):
    from scipy.stats import nct, t

POWER = 0.8
"""The chance that is wanted to find what is so."""

_MOST = 2**40
_LARGEST_NONCENTRALITY = 1e5  # power is 1 long before; far beyond it SciPy's distribution fails


def power_of_difference(pairs: int, spread: float, margin: float, tests: int = 1) -> float:
    """Give the chance that the t test finds a true difference as large as the margin, and its sign.

    Args:
        pairs: how many, at least 2.
        spread: the standard deviation of the differences.
        margin: δ, in the same unit.
        tests: of the family. Holm's method tests each at no less than the level over this, so
            the chance is at least what is given here.
    """
    return _one_sided(pairs, spread, margin, ALPHA / 2 / tests)


def power_of_sameness(pairs: int, spread: float, margin: float, tests: int = 1) -> float:
    """Give the chance that TOST shows two activations the same within δ that are the same.

    Each of its two tests finds with the same chance p that the mean lies on this side of its
    margin, so both do with at least 2p − 1; where that is a half or more, it is all but exact.
    Arguments are those of `power_of_difference`.
    """
    return max(0.0, 2 * _one_sided(pairs, spread, margin, ALPHA / tests) - 1)


def _one_sided(pairs: int, spread: float, margin: float, level: float) -> float:
    noncentrality = margin / spread * math.sqrt(pairs) if spread else math.inf
    # statsmodels' TTestPower takes another implementation, which gives NaN at some powers near 1
    critical = t.isf(level, pairs - 1)
    return float(nct.sf(critical, pairs - 1, min(noncentrality, _LARGEST_NONCENTRALITY)))


def pairs_needed(spread: float, margin: float, tests: int = 1) -> float:
    """Count the pairs with which a verdict comes with a chance of `POWER` or more.

    That is, a true difference of δ is found, and two that are the same are shown to be.

    Returns:
        A whole number, infinity above 2⁴⁰, and NaN where the spread is. Without any spread it is
        what the sign test needs, which decides then.
    """
    if math.isnan(spread):
        return math.nan
    if spread == 0:
        return math.ceil(math.log2(tests / ALPHA)) + 1
    return _fewest(
        lambda pairs: min(
            power_of_difference(pairs, spread, margin, tests),
            power_of_sameness(pairs, spread, margin, tests),
        )
    )


def _fewest(power: Callable[[int], float]) -> float:
    """The fewest pairs whose power, which grows with them, is enough."""
    high = 2
    while not power(high) >= POWER:
        high *= 2
        if high > _MOST:
            return math.inf
    low = high // 2  # too few, or 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high
