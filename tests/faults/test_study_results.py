"""Results that cannot be judged are refused with the column or the run that is wrong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("statsmodels")

import pandas as pd

from mish.study import Measure
from mish.study._means import means
from mish.study._verdicts import judge

STUDY = SimpleNamespace(
    name="labels",
    version=1,
    question="?",
    baseline="mish",
    measures=(Measure("accuracy", "%", "higher", 0.5, "half a point"),),
)


@pytest.fixture
def frame():
    rows = [
        ("labels", 1, "full", activation, seed, 0.4, 0.1, "accuracy", 90.0 + seed, 1.0)
        for activation in ("mish", "relu")
        for seed in range(4)
    ]
    columns = ["study", "version", "scale", "activation", "seed", "wrong", "rate"]
    return pd.DataFrame(rows, columns=[*columns, "measure", "value", "seconds"])


@pytest.mark.parametrize("use", [judge, means])
@pytest.mark.parametrize(
    "change, told",
    [
        (lambda f: f.drop(columns=["seed", "rate"]), "lack the columns seed, rate"),
        (lambda f: f.assign(study="depth"), "study 'depth' where 'labels'.* `mish study labels`"),
        (lambda f: f.assign(version=7), "version 7 where 1 was expected"),
        (lambda f: pd.concat([f, f.tail(1)]), "two rows of one run: .*activation relu, seed 3"),
        (lambda f: f[f["activation"] != "mish"], "no run of 'mish'"),
        (lambda f: f.head(0), "no run of 'mish'"),
    ],
)
def test_what_is_wrong_is_told(frame, use, change, told):
    with pytest.raises(ValueError, match=told):
        use(change(frame), STUDY)


@pytest.mark.parametrize("margin", [0.0, -0.5, float("nan")])
def test_a_margin_must_be_positive(frame, margin):
    measure = Measure("accuracy", "%", "higher", margin, "?")
    study = SimpleNamespace(**vars(STUDY) | {"measures": (measure,)})
    with pytest.raises(ValueError, match="margin of accuracy in the study labels must be above 0"):
        judge(frame, study)
