"""What the guide, the story and the claims quote of the studies is in the committed tables."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("statsmodels")

import pandas as pd

from mish.study import _words as words
from mish.study._registry import find
from mish.study._studies._experiment import LOSS
from mish.study._table import read_table
from mish.study._verdicts import differences

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "studies" / "results"


@cache
def table(study: str) -> Any:
    return read_table(RESULTS / f"{study}.parquet")


def where(rows: Any, settings: dict[str, object]) -> Any:
    for name, value in settings.items():
        rows = rows[rows[name] == value]
    assert len(rows), settings
    return rows


def values(study: str, measure: str = "accuracy", **settings: object) -> Any:
    """A row for each seed, a column for each activation."""
    rows = table(study)
    rows = where(rows[rows["measure"] == measure], settings)
    return rows.pivot(index="seed", columns="activation", values="value")


def mean(activation: str, study: str, measure: str = "accuracy", **settings: object) -> float:
    """Of the runs that ended."""
    return float(values(study, measure, **settings)[activation].mean())


def lead(other: str, study: str, measure: str = "accuracy", **settings: object) -> float:
    """Mish less another, of the pairs that both ended."""
    found = values(study, measure, **settings)
    return float((found["mish"] - found[other]).mean())


def groups(study: str, others: str, **settings: object) -> set[str]:
    """The kinds of the verdicts against some others, in all settings that are not named."""
    rows = where(pd.read_csv(RESULTS / f"{study}-verdicts.csv"), settings)
    return {words.group(each) for each in rows[rows["other"].isin(others.split())]["word"]}


def span(*numbers: float, places: int = 0) -> str:
    """One number, or the least and the largest, without signs."""
    ends = sorted(map(abs, numbers))
    return " to ".join(dict.fromkeys(words.number(each, places) for each in (ends[0], ends[-1])))


def deep(activation: str) -> str:
    """Accuracy of 25 layers at a tuned rate, with batch normalisation and without."""
    return span(*(mean(activation, "depth", recipe=each, layers=25) for each in ("plain", "norm")))


def paper(activation: str, layers: int) -> str:
    return span(mean(activation, "depth", recipe="paper", layers=layers))


def deep_lead(other: str) -> str:
    return span(lead(other, "depth", recipe="norm", layers=25))


def look_alike(other: str) -> str:
    return span(lead(other, "labels", kind="pairs", wrong=0.4))


WRONG = [("symmetric", 0.2), ("symmetric", 0.4), ("symmetric", 0.6), ("pairs", 0.2), ("pairs", 0.4)]


def noise_lead(other: str, noise: float) -> str:
    """With noise on all images."""
    return span(lead(other, "inputs", where="all", noise=noise), places=1)


UNFORESEEN = {"where": "test", "noise": 0.4}
"""Noise in tests alone."""


def unforeseen_lead(other: str) -> str:
    return span(lead(other, "inputs", **UNFORESEEN))


def unforeseen_loss(other: str, *numbers: str) -> str:
    """Some numbers of the comparison by loss."""
    rows = where(table("inputs"), UNFORESEEN)
    rows = rows[rows["activation"].isin(["mish", other])]
    found = differences(rows, find("inputs"), LOSS).iloc[0]
    return span(*found[[*numbers]], places=2)


def diverged(activation: str) -> str:
    """How many trainings on clean images did."""
    return str(values("inputs", where="test", noise=0.0)[activation].isna().sum())


SMOOTH = ["poisson-1d", "poisson-2d", "heat-2d"]
"""Equations whose solutions bend gently."""


def decades(other: str, equation: str) -> float:
    """By how many the error of a physics-informed network is larger with Mish."""
    return lead(other, "physics", "log_error", equation=equation)


def apart(*others: str) -> str:
    """The decades that lie at most between the errors of Mish and some others."""
    equations = [*SMOOTH, "burgers-1d"]
    return span(max(abs(decades(*each)) for each in itertools.product(others, equations)), places=2)


def times(other: str, *equations: str) -> str:
    """The factors between errors, of two digits."""
    found = sorted(float(f"{10 ** abs(decades(other, each)):.2g}") for each in equations)
    return " to ".join(f"{each:,g}" for each in dict.fromkeys((found[0], found[-1])))


def cited() -> list[tuple[str, str]]:
    """A page and what it says, with the figures of the tables."""
    softplus = [lead("softplus", "labels", kind=kind, wrong=wrong) for kind, wrong in WRONG]
    theirs = values("precision", inputs="wide", penalty=True)["torch-mish"]
    lost = theirs.isna().sum()
    foreseen = [
        *(lead("relu", "labels", kind=kind, wrong=wrong) for kind, wrong in WRONG),
        *(lead("relu", "inputs", where="all", noise=noise) for noise in (0.2, 0.4, 0.6)),
    ]
    return [
        (
            "guide.md",
            f"with 25 layers Mish reads {deep('mish')} % of digits, ELU {deep('elu')}, "
            f"tanh {deep('tanh')}, ReLU {deep('relu')}, SiLU {deep('silu')}, GELU {deep('gelu')}",
        ),
        (
            "story.md",
            f"15 layers of Mish read {paper('mish', 15)} % of our digits, of ReLU "
            f"{paper('relu', 15)} and of SiLU {paper('silu', 15)}; with 25 layers Mish reads "
            f"{paper('mish', 25)} %, ReLU {paper('relu', 25)} and SiLU {paper('silu', 25)}. ELU "
            f"and tanh, which the figure leaves out, still read {paper('elu', 25)} and "
            f"{paper('tanh', 25)} % then.",
        ),
        (
            "story.md",
            f"by {deep_lead('relu')}, {deep_lead('silu')} and {deep_lead('gelu')} points with 25;",
        ),
        (
            "guide.md",
            f"with 40 % of look-alike digits ReLU is {look_alike('relu')} points better, "
            f"ELU {look_alike('elu')}, GELU {look_alike('gelu')}, SiLU the same. Softplus is best "
            f"of all wherever labels are wrong, by {span(*softplus, places=1)} points",
        ),
        (
            "guide.md",
            f"Mish reads {noise_lead('relu', 0.4)} points more than ReLU, "
            f"{noise_lead('tanh', 0.4)} more than tanh, {noise_lead('gelu', 0.4)} more than GELU, "
            "and could not be told from SiLU; with 0.2 it is best of all, by "
            f"{noise_lead('silu', 0.2)} points (SiLU) to {noise_lead('softplus', 0.2)} (softplus)",
        ),
        (
            "guide.md",
            f"tests alone Mish reads {unforeseen_lead('relu')} points less than ReLU, "
            f"{unforeseen_lead('softplus')} less than softplus",
        ),
        (
            "guide.md",
            f"{diverged('mish')} of {len(values('inputs', where='test', noise=0.0))} trainings "
            f"with Mish diverged, {diverged('silu')} with SiLU, {diverged('elu')} with ELU, none",
        ),
        (
            "story.md",
            "less than SiLU in loss, yes, where the noise is in the test images alone, by "
            f"{unforeseen_loss('silu', 'difference')} nat (95 % interval "
            f"{unforeseen_loss('silu', 'low', 'high')}) at a noise of 0.4; but more than ReLU, by "
            f"{unforeseen_loss('relu', 'difference')} nat "
            f"({unforeseen_loss('relu', 'low', 'high')}), Leaky ReLU",
        ),
        (
            "guide.md",
            f"error is {times('relu', *SMOOTH)} times as large in three equations of four. SiLU "
            f"and GELU end within {apart('silu', 'gelu')} decades of Mish; against tanh it depends "
            f"on the solution: {times('tanh', *SMOOTH[1:])} times as exact in two dimensions, "
            f"{times('tanh', 'burgers-1d')} times worse where the solution is a tanh",
        ),
        (
            "claims.md",
            f"between {-min(foreseen):.0f} points worse and {max(foreseen):.0f} better than ReLU, "
            f"and {unforeseen_lead('relu')} worse where tests alone had it",
        ),
        *(
            (page, f"{text} {lost} of {len(theirs)} trainings")
            for page, text in [
                ("guide.md", "PyTorch's gives NaN, and"),
                ("story.md", "it ended"),
                ("torch.md", "[ended"),
                ("../README.md", "[ended"),
            ]
        ),
    ]


def told(page: str) -> str:
    """A page on one line."""
    return " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())


def test_figures_are_those_of_the_tables():
    assert [(page, text) for page, text in cited() if text not in told(page)] == []


@pytest.mark.parametrize(
    ("study", "others", "settings", "verdicts"),
    [
        ("labels", "silu gelu elu", {"wrong": 0.0}, {"the same"}),
        ("labels", "relu silu elu", {"kind": "symmetric", "wrong": 0.4}, {"the same"}),
        ("labels", "relu silu elu", {"kind": "symmetric", "wrong": 0.6}, {"the same"}),
        ("labels", "silu gelu elu", {"kind": "symmetric", "wrong": 0.2}, {"worse"}),
        ("labels", "silu", {"kind": "pairs", "wrong": 0.4}, {"the same"}),
        ("inputs", "silu", {"where": "all", "noise": 0.4}, {"not known"}),
        ("inputs", "relu gelu tanh", {"where": "all", "noise": 0.4}, {"better"}),
        (
            "inputs",
            "relu leaky_relu silu gelu elu tanh softplus",
            {"where": "all", "noise": 0.2},
            {"better"},
        ),
        ("inputs", "relu softplus", {"where": "test", "noise": 0.4}, {"worse"}),
        ("depth", "relu", {"recipe": "norm", "layers": 10}, {"better"}),
        ("depth", "relu silu gelu", {"recipe": "norm", "layers": 20}, {"better"}),
        ("depth", "relu silu gelu", {"recipe": "norm", "layers": 25}, {"better"}),
        ("depth", "elu softplus", {"recipe": "norm", "layers": 25}, {"worse"}),
        ("precision", "torch-mish", {"penalty": False}, {"the same"}),
        ("precision", "torch-mish", {"penalty": True, "inputs": "usual"}, {"the same"}),
        ("precision", "torch-mish", {"penalty": True, "inputs": "wide"}, {"better"}),
        ("physics", "torch-mish", {}, {"the same"}),
        *(("physics", "relu", {"equation": each}, {"better"}) for each in SMOOTH),
        ("optimizer", "relu", {"method": "newton-cg"}, {"better", "the same"}),
    ],
)
def test_words_are_those_of_the_verdicts(study, others, settings, verdicts):
    assert groups(study, others, **settings) == verdicts
