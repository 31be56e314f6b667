"""The loss around weights, where it is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mish.study import activations
from mish.study._curvature import Objective
from mish.study._landscape import sharpness, walk
from mish.study._networks import mlp
from mish.study._seeds import generator, torch_generator
from mish.study._training import alone

pytestmark = pytest.mark.slow  # they train, or start processes that do


@pytest.fixture(autouse=True)
def one_thread():
    with alone(1):
        yield


def network():
    draw = torch_generator(2, "weights")
    return mlp(activations.get("mish"), (4, 6, 3), draw, dtype=torch.float64)


def test_sharpness_is_the_largest_eigenvalue():
    inputs = torch.randn(30, 4, generator=torch_generator(1, "x"), dtype=torch.float64)
    targets = (inputs.sum(1) > 0).long()
    loss = torch.nn.functional.cross_entropy
    of = Objective(network(), loss, inputs, targets, passes=10_000)
    rows = [of.hessian_product(of.start, row) for row in np.eye(len(of.start))]
    expected = np.linalg.eigvalsh(np.array(rows)).max()
    assert sharpness(of, generator(1, "start")) == pytest.approx(expected, rel=1e-4)


def test_a_walk_goes_as_far_as_each_filter_is_long():
    of = network()
    start = [each.detach().clone() for each in of.parameters()]
    seen = []

    def loss():
        moved = [new - old for new, old in zip(of.parameters(), start, strict=True)]
        seen.append([each.detach().norm(dim=-1) for each in moved])
        return sum(each.square().sum() for each in moved)

    found = walk(of, loss, torch_generator(1, "directions"), directions=2)
    rows = [each.norm(dim=1) for each in start if each.dim() > 1]
    assert found.falls == 0
    assert found.rise == pytest.approx(sum(row.square().sum().item() for row in rows))
    assert [norm.tolist() for norm in seen[-1][::2]] == [pytest.approx(r.tolist()) for r in rows]
    assert all(torch.equal(new, old) for new, old in zip(of.parameters(), start, strict=True))


def test_hollows_are_falls():
    steps = iter([0.0, 2.0, 1.0] + [4.0] * 18)
    found = walk(network(), lambda: torch.tensor(next(steps)), torch_generator(1, "d"), 1)
    assert found == (4, 1 / 4)
