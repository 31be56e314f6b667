"""Verdicts on results whose truth is known."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("statsmodels")

import pandas as pd

from mish.study import _statistics as statistics
from mish.study._verdicts import WORDS, differences, judge, word

PAIRS = 30
SPREAD = 0.4


@pytest.fixture
def exact():
    """Differences of pairs whose mean and spread are those asked for, to the last digits."""
    noise = np.random.default_rng(0).normal(0, 1, PAIRS)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    return lambda mean, spread=SPREAD: mean + spread * noise


@pytest.fixture
def results(frame_of, exact):
    """Of others that lie as far below mish as is asked."""
    mish = 90 + np.random.default_rng(1).normal(0, 1, PAIRS)
    return lambda **apart: frame_of(
        {"mish": mish, **{name: mish - exact(mean) for name, mean in apart.items()}}
    )


@pytest.mark.parametrize(
    "p_difference, p_equivalence, difference, expected",
    [
        (0.04, 0.06, 1.0, "better"),
        (0.04, 0.06, -1.0, "worse"),
        (0.06, 0.04, 1.0, "the same"),
        (0.04, 0.04, 1.0, "the same, a little better"),
        (0.04, 0.04, -1.0, "the same, a little worse"),
        (0.06, 0.06, 1.0, "not known"),
        (0.05, 0.05, 1.0, "not known"),
        (math.nan, math.nan, 1.0, "not known"),
    ],
)
def test_words(p_difference, p_equivalence, difference, expected):
    assert word(p_difference, p_equivalence, difference, "higher") == expected
    assert word(p_difference, p_equivalence, -difference, "lower") == expected
    assert expected in WORDS


def test_known_differences_get_their_words(results, study):
    found = judge(results(far=1.0, above=-1.0, little=0.25, alike=0.02, between=0.21), study)
    assert dict(zip(found["other"], found["word"], strict=True)) == {
        "far": "better",
        "above": "worse",
        "little": "the same, a little better",
        "alike": "the same",
        "between": "the same, a little better",
    }


def test_little_data_says_nothing(frame_of, exact, study):
    mish = np.full(PAIRS, 90.0)
    frame = frame_of({"mish": mish, "far": mish - exact(0.5, 2), "alike": mish - exact(0, 2)})
    found = judge(frame[frame["seed"] < 6], study)
    assert set(found["word"]) == {"not known"}
    assert (found["pairs_needed"] > 6).all()


def test_a_measure_that_should_be_low(results, study_with):
    found = judge(results(far=1.0, above=-1.0), study_with(better="lower"))
    assert list(found["word"]) == ["worse", "better"]


def test_numbers_of_a_row(results, study):
    row = judge(results(relu=1.0), study).iloc[0]
    assert (row["baseline"], row["other"], row["pairs"], row["equal"]) == ("mish", "relu", PAIRS, 0)
    assert row["mean_baseline"] - row["mean_other"] == pytest.approx(row["difference"])
    assert row["difference"] == pytest.approx(1.0)
    assert row["spread"] == pytest.approx(SPREAD)
    assert row["effect"] == pytest.approx(1 / SPREAD)
    assert row["low"] < 1 < row["high"]
    assert row["p_holm"] == row["p_t"] and row["p_tost_holm"] == row["p_tost"] > 0.9
    assert (row["test"], row["margin"]) == ("t", 0.5)


def test_all_of_a_scale_is_one_family(results, frame_of, study):
    one = judge(results(relu=0.2), study)
    parts = [results(relu=0.2, silu=0.2, gelu=0.2).assign(wrong=wrong) for wrong in (0.0, 0.4)]
    quick = results(relu=0.2).assign(wrong=0.0, scale="quick")
    found = judge(pd.concat([*parts, quick]), study)
    assert list(found["wrong"]) == [0.0] * 3 + [0.4] * 3 + [0.0]
    full = found[found["scale"] == "full"]
    assert full["p_holm"].tolist() == pytest.approx([6 * one["p_holm"][0]] * 6)
    assert full["p_tost_holm"].tolist() == pytest.approx([6 * one["p_tost_holm"][0]] * 6)
    assert found.loc[found["scale"] == "quick", "p_holm"].item() == one["p_holm"][0]
    assert (full["pairs_needed"] > one["pairs_needed"][0]).all()


def test_only_pairs_count(results, study):
    """A killed study has seeds of one activation that another lacks yet."""
    frame = results(relu=1.0, silu=1.0)
    frame = frame[(frame["activation"] != "silu") | (frame["seed"] < 7)]
    found = judge(frame, study)
    assert list(found["pairs"]) == [PAIRS, 7]
    assert found["difference"][0] == pytest.approx(1.0)
    shuffled = judge(frame.iloc[np.random.default_rng(0).permutation(len(frame))], study)
    columns = ["pairs", "difference", "p_t", "p_tost"]
    pd.testing.assert_frame_equal(
        shuffled.set_index("other").loc[["relu", "silu"], columns],
        found.set_index("other")[columns],
    )


def test_nobody_to_compare_with(frame_of, study):
    found = judge(frame_of({"mish": [90.0, 91.0]}), study)
    assert found.empty and "word" in found.columns


def test_only_the_first_measure_is_judged(frame_of, results, study):
    frame = pd.concat([results(relu=1.0), results(relu=1.0).assign(measure="loss")])
    pd.testing.assert_frame_equal(judge(frame, study), judge(results(relu=1.0), study))


def test_differences_by_another_measure_are_told_without_a_word(results, study, study_with):
    other = results(relu=1.0, silu=-0.5).assign(measure="loss")
    frame = pd.concat([results(relu=2.0, silu=0.0), other])
    found = differences(frame, study, study.measures[1])
    judged = judge(other, study_with(measures=study.measures[1:]))
    pd.testing.assert_frame_equal(found, judged[list(found.columns)])
    assert found.columns[-1] == "effect"
    assert list(found["difference"].round(9)) == [1.0, -0.5]


def test_results_that_are_equal_bit_for_bit(frame_of, study):
    values = np.random.default_rng(0).normal(90, 1, 12)
    row = judge(frame_of({"mish": values, "twin": values}), study).iloc[0]
    assert (row["word"], row["equal"], row["difference"], row["low"], row["high"]) == (
        *("the same", 12),
        *(0.0, 0.0, 0.0),
    )
    few = judge(frame_of({"mish": values[:4], "twin": values[:4]}), study).iloc[0]
    assert (few["word"], few["p_tost"], few["pairs_needed"]) == ("not known", 1 / 16, 6)


def test_one_pair(frame_of, study):
    row = judge(frame_of({"mish": [90.0], "relu": [89.0]}), study).iloc[0]
    assert (row["word"], row["difference"], row["pairs"]) == ("not known", 1.0, 1)
    assert math.isnan(row["low"]) and math.isnan(row["p_holm"]) and math.isnan(row["pairs_needed"])


class TestDiverged:
    """A run that diverged is worse than any that ended, and no mean has it."""

    def test_it_decides(self, frame_of, exact, study):
        mish = 90 + exact(0.0, 1.0)
        relu = np.where(np.arange(PAIRS) < 20, math.nan, mish)
        row = judge(frame_of({"mish": mish, "relu": relu}), study).iloc[0]
        assert (row["word"], row["test"], row["diverged_other"]) == ("better", "wilcoxon", 20)
        assert (row["difference"], row["equal"]) == (0.0, 10)
        assert math.isnan(row["p_t"]) and math.isnan(row["p_tost"])

    def test_of_the_baseline(self, frame_of, exact, study):
        relu = 90 + exact(0.0, 1.0)
        mish = np.where(np.arange(PAIRS) < 20, math.nan, relu + 5)
        row = judge(frame_of({"mish": mish, "relu": relu}), study).iloc[0]
        assert (row["word"], row["diverged_baseline"]) == ("worse", 20)
        assert row["difference"] == pytest.approx(5)

    def test_a_few_are_not_called_the_same(self, frame_of, exact, study):
        mish = 90 + exact(0.0, 1.0)
        relu = np.where(np.arange(PAIRS) < 1, math.nan, mish + exact(0.0, 0.01))
        row = judge(frame_of({"mish": mish, "relu": relu}), study).iloc[0]
        assert (row["word"], row["diverged_other"]) == ("not known", 1)

    def test_all_of_both(self, frame_of, study):
        lost = [math.nan] * 20
        row = judge(frame_of({"mish": lost, "relu": lost}), study).iloc[0]
        assert (row["word"], row["p_wilcoxon"], row["equal"]) == ("not known", 1.0, 20)
        assert math.isnan(row["mean_baseline"]) and math.isnan(row["difference"])


class TestErrorRates:
    """How often words are said that are not so, in simulated studies of seven comparisons."""

    STUDIES = 500
    OTHERS = 7

    def words(self, mean, spread=0.4, pairs=20, margin=0.5):
        """For each study, the words of all its comparisons, whose truth is one difference."""
        rng = np.random.default_rng(5)
        said = []
        for _ in range(self.STUDIES):
            # each other has noise of its own, and all share that of the baseline
            shared = rng.normal(0, spread / math.sqrt(2), pairs)
            found = [
                mean + shared + rng.normal(0, spread / math.sqrt(2), pairs)
                for _ in range(self.OTHERS)
            ]
            p = statistics.holm([statistics.t_test(each) for each in found])
            same = statistics.holm([statistics.equivalence(each, margin) for each in found])
            said.append(
                [word(*ps, each.mean(), "higher") for *ps, each in zip(p, same, found, strict=True)]
            )
        return said

    @staticmethod
    def share_with_any(said, *wanted):
        return np.mean([bool(Counter(each).keys() & set(wanted)) for each in said])

    # three standard errors of a share of 0.05 in 500 studies are 0.029

    def test_without_a_difference_none_is_found(self):
        said = self.words(0.0)
        signs = [each for each in WORDS if "better" in each or "worse" in each]
        assert 0.01 < self.share_with_any(said, *signs) < 0.05 + 0.029

    @pytest.mark.parametrize("sign", [1, -1])
    def test_at_the_margin_none_is_the_same(self, sign):
        said = self.words(sign * 0.5)
        same = [each for each in WORDS if "same" in each]
        assert 0.01 < self.share_with_any(said, *same) < 0.05 + 0.029

    def test_a_true_difference_is_never_told_the_wrong_way_round(self):
        assert self.share_with_any(self.words(0.2), "worse", "the same, a little worse") < 0.01
