"""The studies: their plans, and a run or two of each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mish.study import Cell, _data, activations
from mish.study._plan import plans
from mish.study._registry import find
from mish.study._seeds import generator
from mish.study._studies import STUDIES
from mish.study._studies.inputs import noisy
from mish.study._studies.labels import LOOK_ALIKE, wrong_labels

pytestmark = pytest.mark.slow  # they train, or start processes that do


@pytest.fixture(params=STUDIES)
def study(request):
    return find(request.param)


@pytest.mark.parametrize("scale", ["quick", "full"])
def test_a_plan_is_sound(study, scale):
    assert study.name in STUDIES
    plans([study], scale, None, None)
    assert study.baseline in study.activations(scale)
    assert set(study.activations(scale)) <= set(activations.names())
    assert study.question.endswith("?")
    assert all(measure.margin > 0 and measure.why for measure in study.measures)
    settings = study.settings(scale)
    assert len({str(each) for each in settings}) == len(settings)
    for each in settings:
        tuning = study.tuning(scale, each)
        assert tuning is None or list(tuning.rates) == sorted(set(tuning.rates))


def test_settings_have_20_to_250_pairs_and_those_that_decide_250(study):
    for each in study.settings("full"):
        pairs = len(study.seeds("full", each))
        assert 20 <= pairs <= 250
        assert pairs == 250 or not study.decides(each)
        assert len(study.seeds("quick", each)) == 3


def run(study, settings, activation="mish", rate=None, seed=2):
    tuning = study.tuning("quick", settings)
    if rate is None and tuning is not None:
        rate = tuning.rates[0]
    return study.run(Cell(study.name, activation, seed, settings), rate, "quick")


def test_a_run_gives_all_numbers_and_the_same_bits_again(study):
    settings = study.settings("quick")[0]
    tuning = study.tuning("quick", settings)
    found = run(study, settings)
    assert {measure.name for measure in study.measures} <= found.keys()
    assert tuning is None or tuning.measure in found
    assert all(map(math.isfinite, found.values()))
    torch.rand(5)  # the state before it is no matter
    assert run(study, settings) == found
    assert run(study, settings, seed=3) != found


def test_a_training_that_diverges_gives_nan(study):
    settings = study.settings("quick")[0]
    tuning = study.tuning("quick", settings)
    if tuning is None:
        pytest.skip("this one has no learning rate")
    huge = 1e200 if study.name in ("landscape", "optimizer") else 1e30  # of float64, of float32
    found = run(study, settings, rate=huge)
    assert found.keys() >= {measure.name for measure in study.measures} | {tuning.measure}
    assert all(map(math.isnan, found.values()))


def test_a_learning_rate_is_asked_for(study):
    settings = study.settings("quick")[0]
    if study.tuning("quick", settings) is None:
        pytest.skip("this one has no learning rate")
    with pytest.raises(
        ValueError, match=f"rate must be a learning rate for the study {study.name}"
    ):
        study.run(Cell(study.name, "mish", 0, settings), None, "quick")


def test_an_unknown_activation_is_refused(study):
    cell = Cell(study.name, "mihs", 0, study.settings("quick")[0])
    with pytest.raises(ValueError, match=r"not 'mihs'; did you mean mish\?"):
        study.run(cell, 0.1, "quick")


@pytest.mark.parametrize("kind", ["symmetric", "pairs"])
@pytest.mark.parametrize("wrong", [0.0, 0.2, 0.4, 0.6, 1.0])
def test_as_many_labels_are_wrong_as_it_says(kind, wrong):
    labels = np.repeat(np.arange(10), 100)
    spoilt = wrong_labels(labels, kind, wrong, generator(1, "labels"))
    assert (spoilt != labels).sum() == round(wrong * len(labels))
    changed = spoilt != labels
    if kind == "pairs":
        assert np.array_equal(spoilt[changed], np.array(LOOK_ALIKE)[labels[changed]])
    elif wrong == 1:  # each other digit is as likely
        counts = np.array(
            [np.bincount(spoilt[labels == digit], minlength=10) for digit in range(10)]
        )
        assert (counts.diagonal() == 0).all()
        assert counts[~np.eye(10, dtype=bool)].std() < 5


def test_who_looks_alike_does_so_mutually():
    assert all(LOOK_ALIKE[LOOK_ALIKE[digit]] == digit != LOOK_ALIKE[digit] for digit in range(10))


@pytest.mark.parametrize("where", ["test", "all"])
def test_noise_is_as_strong_as_it_says_and_where_it_says(where):
    pixels = np.random.default_rng(1).uniform(0, 1, (500, 196))
    split = _data.split(500, 3)
    added = noisy(pixels, split, where, 0.4, 3) - pixels
    assert added[split.test].std() == pytest.approx(0.4, rel=0.02)
    for part in (split.train, split.validation):
        assert added[part].std() == pytest.approx(0.0 if where == "test" else 0.4, rel=0.02)
