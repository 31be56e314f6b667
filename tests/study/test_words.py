"""Numbers and verdicts as they are told."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("statsmodels")

import pandas as pd

from mish.study import Measure
from mish.study import _words as words
from mish.study._verdicts import WORDS


@pytest.mark.parametrize(
    "value, plain, signed",
    [
        (1.234, "1.23", "+1.23"),
        (-1.236, "−1.24", "−1.24"),
        (-0.001, "0.00", "0.00"),
        (0.001, "0.00", "0.00"),
        (math.nan, "—", "—"),
        (math.inf, "∞", "+∞"),
        (-math.inf, "−∞", "−∞"),
    ],
)
def test_numbers(value, plain, signed):
    assert (words.number(value, 2), words.signed(value, 2)) == (plain, signed)


@pytest.mark.parametrize(
    ("unit", "margin", "text"),
    [
        ("%", 0.5, "0.5 points"),
        ("%", 1.0, "1 point"),
        ("decades", 0.1, "0.1 decades"),
        ("", 2, "2"),
    ],
)
def test_a_margin_has_its_unit(unit, margin, text):
    assert words.margin(Measure("loss", unit, "lower", margin, "?")) == text


@pytest.mark.parametrize("margin, places", [(0.5, 2), (0.05, 3), (1.0, 1), (25.0, 0), (1e-4, 5)])
def test_two_digits_of_the_margin_are_shown(margin, places):
    assert words.decimals(Measure("loss", "", "lower", margin, "?")) == places


def test_p_values():
    assert [words.p_value(p) for p in (0.0, 0.0009, 0.001, 0.05, math.nan)] == [
        *("<0.001", "<0.001", "0.001", "0.050", "—")
    ]


def test_settings():
    settings = {"kind": "symmetric", "wrong": 0.4, "layers": 25, "batch_norm": True}
    assert words.setting(settings) == "kind symmetric, wrong 0.4, layers 25, with batch norm"
    assert words.setting({"batch_norm": False}) == "without batch norm"
    assert words.setting({}) == "all runs"


def test_every_word_has_a_meaning_and_a_kind():
    assert tuple(words.MEANINGS) == WORDS
    assert {words.group(word) for word in WORDS} == {"better", "worse", "the same", "not known"}


def test_summary(study):
    verdicts = pd.DataFrame(
        [
            ("labels", "full", 0.0, "accuracy", "silu", "the same, a little better"),
            ("labels", "full", 0.0, "accuracy", "relu", "better"),
            ("labels", "full", 0.4, "accuracy", "silu", "not known"),
            ("labels", "full", 0.4, "accuracy", "relu", "better"),
        ],
        columns=["study", "scale", "wrong", "measure", "other", "word"],
    )
    assert words.summary(verdicts, study) == [
        "mish is better than relu (2 of 2).",
        "mish is the same as silu (1 of 2, a little better in 1) within 0.5 points.",
        "How mish compares with silu (1 of 2) is not known.",
    ]
    assert words.summary(verdicts[:2], study) == [
        "mish is better than relu.",
        "mish is the same as silu (1 of 1, a little better in 1) within 0.5 points.",
    ]


def test_diverged():
    row = {"baseline": "mish", "other": "tanh", "pairs": 20, "diverged_baseline": 0}
    assert words.diverged(row | {"diverged_other": 3}) == "3 of tanh diverged, of 20 each"
    assert words.diverged(row | {"diverged_other": 0}) == ""
