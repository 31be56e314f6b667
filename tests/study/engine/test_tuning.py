"""Which learning rate is chosen."""

from __future__ import annotations

import math

import pytest

from mish.study import Tuning
from mish.study._tuning import best_rate

pytestmark = pytest.mark.slow  # they train, or start processes that do

NAN = math.nan


@pytest.mark.parametrize(
    ("better", "values", "best"),
    [
        ("higher", {0.1: [1, 2], 0.2: [2, 2], 0.4: [1, 1]}, 0.2),
        ("lower", {0.1: [1, 2], 0.2: [2, 2], 0.4: [1, 1]}, 0.4),
        ("higher", {0.1: [1, 2], 0.2: [9, NAN], 0.4: [1, 1]}, 0.1),  # it diverges at times
        ("higher", {0.1: [NAN, 1], 0.2: [NAN, 2], 0.4: [math.inf, NAN]}, 0.2),
        ("lower", {0.4: [NAN, NAN], 0.1: [NAN, NAN], 0.2: [NAN, NAN]}, 0.1),
        ("higher", {0.4: [3, 3], 0.1: [3, 3]}, 0.1),
    ],
)
def test_best_rate(better, values, best):
    tuning = Tuning(tuple(values), {}, (7, 8), "score", better)
    found = {
        (rate, seed): {"score": score}
        for rate, scores in values.items()
        for seed, score in zip(tuning.seeds, scores, strict=True)
    }
    assert best_rate(tuning, found) == best
