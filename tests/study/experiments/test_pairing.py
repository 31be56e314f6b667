"""A seed gives every activation the same data, the same draw of weights and the same order."""

from __future__ import annotations

import pytest
import torch

from mish.study import _examples, activations
from mish.study._networks import cnn, mlp
from mish.study._seeds import torch_generator
from mish.study._training import Recipe, alone, classification, fit

pytestmark = pytest.mark.slow  # they train, or start processes that do

PAIR = ("mish", "relu")


def weights(network):
    return [each for each in network.parameters() if each.dim() > 1]


def made(kind, name, seed):
    activation, draw = activations.get(name), torch_generator(seed, "weights")
    if kind == "mlp":
        return mlp(activation, (20, 64, 32, 5), draw)
    return cnn(activation, 14, 10, draw)


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_weights_are_one_draw_times_the_gain(kind):
    ours, theirs = (weights(made(kind, name, 5)) for name in PAIR)
    ratio = activations.get("mish").gain / activations.get("relu").gain
    assert torch.equal(ours[0], theirs[0])  # the first layer sees data
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        assert torch.allclose(one, other * ratio, rtol=1e-6, atol=0)
    assert not torch.equal(ours[0], weights(made(kind, "mish", 6))[0])


def test_the_gain_keeps_the_variance_through_layers():
    network = mlp(activations.get("mish"), (400, *[400] * 6, 1), torch_generator(1, "weights"))
    x = torch.randn(500, 400, generator=torch_generator(1, "inputs"))
    for layer in network[:-1]:
        x = layer(x)
        if isinstance(layer, torch.nn.Linear):
            assert x.var().item() == pytest.approx(1, rel=0.2)


def test_normalisation_and_dropout_stand_around_the_activation():
    network = mlp(
        activations.get("relu"), (4, 8, 8, 2), torch_generator(1, "weights"), norm=True, dropout=0.5
    )
    kinds = [type(layer).__name__ for layer in network]
    hidden = ["Linear", "BatchNorm1d", "ReLU", "Dropout"]
    assert kinds == [*hidden, *hidden, "Linear"]


def test_batches_come_in_the_same_order():
    orders = []
    for name in PAIR:
        seen = []

        def loss(network, inputs, targets, seen=seen):
            seen.append(targets.tolist())
            return classification(network, inputs, targets % 5)

        network = made("mlp", name, 5)
        inputs = torch.randn(50, 20, generator=torch_generator(1, "inputs"))
        fit(network, inputs, torch.arange(50), 0.01, Recipe(2, 20), 5, loss)
        orders.append(seen)
    assert orders[0] == orders[1]
    assert [len(batch) for batch in orders[0]] == [20] * 4
    assert len({*orders[0][0], *orders[0][1]}) == 40
    assert orders[0][:2] != orders[0][2:]


def test_data_know_nothing_of_the_activation():
    one, other = (_examples.table("wine", 3) for _ in PAIR)
    assert torch.equal(one.train.inputs, other.train.inputs)


def test_a_run_leaves_everything_as_it_was():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with alone(3):
        first = torch.rand(3)
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    torch.rand(5)  # a state that others leave is no matter
    with alone(3):
        assert torch.equal(torch.rand(3), first)
