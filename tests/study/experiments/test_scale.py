"""Data that vary highly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from statsmodels.datasets import sunspots

from mish.study import _data, _examples
from mish.study._seeds import torch_generator
from mish.study._studies.scale import changed, imbalanced
from mish.study._training import explained, prequential

pytestmark = pytest.mark.slow  # they train, or start processes that do


def test_tails_are_heavy():
    added = changed(np.zeros((1000, 196)), "heavy-tails", 1) / 0.1
    for share, within in ((0.5, 0.02), (0.99, 0.1)):
        expected = stats.t(1.5).ppf((1 + share) / 2)
        assert np.quantile(abs(added), share) == pytest.approx(expected, rel=within)


def test_each_pixel_is_rescaled_by_a_number_of_its_own():
    factors = changed(np.ones((3, 196)), "rescaled", 1)
    assert (factors == factors[0]).all()
    assert 0.01 <= factors.min() < 0.02
    assert 50 < factors.max() <= 100
    assert np.array_equal(changed(np.ones((3, 5)), "usual", 1), np.ones((3, 5)))


def test_each_digit_is_rarer_than_the_one_before():
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 300))
    kept = imbalanced(labels, 1)
    assert len(np.unique(kept)) == len(kept)
    assert list(np.bincount(labels[kept])) == [300, 180, 108, 65, 39, 23, 14, 8, 5, 3]


def test_the_truth_of_a_stream_drifts():
    stream = _data.drifting_stream(4000, 1)
    assert stream.inputs.shape == (4000, 10)
    halves = [slice(0, 500), slice(3500, 4000)]
    weights = [
        np.linalg.lstsq(stream.inputs[half] - 0.5, stream.targets[half] - 0.5, rcond=None)[0]
        for half in halves
    ]
    cosine = weights[0] @ weights[1] / np.linalg.norm(weights[0]) / np.linalg.norm(weights[1])
    assert cosine < 0.9
    assert np.array_equal(_data.drifting_stream(4000, 1).inputs, stream.inputs)
    assert not np.array_equal(_data.drifting_stream(4000, 2).inputs, stream.inputs)


def test_a_series_is_told_by_the_past_alone():
    years = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    of = _data.sunspots()
    assert np.array_equal(of.inputs[5], years[5:16])
    assert of.targets[5] == years[16]
    train, validation, test = _examples.series(of)
    assert [len(part.inputs) for part in (train, validation, test)] == [178, 60, 60]
    assert train.targets.mean().item() == pytest.approx(0, abs=1e-6)
    ordered = torch.cat([train.targets, validation.targets, test.targets])
    assert np.corrcoef(ordered.numpy(), of.targets)[0, 1] == pytest.approx(1)


class Fixed(torch.nn.Module):
    """Gives the inputs themselves, and has a parameter to train."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, inputs):
        return inputs * self.weight


def test_what_is_explained():
    targets = torch.randn(100, generator=torch_generator(1, "targets"))
    assert explained(Fixed(), targets[:, None], targets) == 100
    mean = targets.mean().expand(100, 1)
    assert explained(Fixed(), mean, targets) == pytest.approx(0, abs=1e-4)


def test_a_stream_is_predicted_before_it_is_learnt():
    network = torch.nn.Linear(1, 2)
    torch.nn.init.zeros_(network.weight)
    with torch.no_grad():
        network.bias.copy_(torch.tensor([1.0, 0.0]))
    # it says 0 at first, which is wrong; one huge step, and it is right from there on
    accuracy = prequential(network, torch.zeros(40, 1), torch.ones(40).long(), 100.0, batch=10)
    assert accuracy == 75
