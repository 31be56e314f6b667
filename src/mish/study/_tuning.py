"""The learning rate of an activation, from the runs that looked for it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mish.study._cells import Tuning


def best_rate(tuning: Tuning, found: Mapping[tuple[float, int], Mapping[str, float]]) -> float:
    """Choose the rate with the best mean over the seeds.

    A rate at which fewer seeds diverged (NaN or infinity) is better than any at which more did. Of
    equals the smallest is taken: so it is where training diverged everywhere.

    Args:
        tuning: what was tried.
        found: the results of each rate and seed.
    """
    sign = 1 if tuning.better == "lower" else -1

    def rank(rate: float) -> tuple[int, float, float]:
        values = [found[rate, seed][tuning.measure] for seed in tuning.seeds]
        finite = [value for value in values if math.isfinite(value)]
        mean = math.fsum(finite) / len(finite) if finite else 0.0
        return len(values) - len(finite), sign * mean, rate

    return min(tuning.rates, key=rank)
