"""Products with the Hessian and the Gauss-Newton matrix, and the methods that use them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mish.study import activations
from mish.study._curvature import METHODS, Objective, minimise
from mish.study._networks import mlp
from mish.study._seeds import torch_generator
from mish.study._studies import optimizer
from mish.study._training import Diverged, alone

pytestmark = pytest.mark.slow  # they train, or start processes that do

INPUTS = torch.randn(30, 4, generator=torch_generator(1, "x"), dtype=torch.float64)
TARGETS = (INPUTS.sum(1) > 0).long() + (INPUTS[:, 0] > 1).long()


@pytest.fixture(autouse=True)
def one_thread():
    with alone(1):
        yield


def test_the_study_has_these_methods():
    assert optimizer.METHODS == METHODS


def objective(name="mish", passes=10_000, loss=torch.nn.functional.cross_entropy):
    draw = torch_generator(2, "weights")
    network = mlp(activations.get(name), (4, 6, 5, 3), draw, dtype=torch.float64)
    return Objective(network, loss, INPUTS, TARGETS, passes)


def vector(of):
    return np.random.default_rng(4).standard_normal(len(of.start))


@pytest.mark.parametrize("name", ["mish", "torch-mish", "tanh", "relu"])
def test_the_hessian_product_is_the_gradients_difference(name):
    of = objective(name)
    v, step = vector(of), 1e-6
    ends = [of.value_and_gradient(of.start + sign * step * v)[1] for sign in (1, -1)]
    product = of.hessian_product(of.start, v)
    assert np.allclose(product, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)


def test_the_gauss_newton_product_is_that_of_its_factors():
    of = objective()
    v = vector(of)
    names, values = zip(*of._network.named_parameters(), strict=True)

    def outputs(flat):
        parts = torch.split(flat, [each.numel() for each in values])
        shaped = {n: p.view_as(w) for n, p, w in zip(names, parts, values, strict=True)}
        return torch.func.functional_call(of._network, shaped, (INPUTS,)).flatten()

    start = torch.from_numpy(of.start)
    jacobian = torch.autograd.functional.jacobian(outputs, start)
    curved = torch.autograd.functional.hessian(
        lambda z: torch.nn.functional.cross_entropy(z.view(30, 3), TARGETS), outputs(start)
    )
    expected = jacobian.T @ curved @ jacobian @ torch.from_numpy(v)
    assert np.allclose(of.gauss_newton_product(of.start, v), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_keeps_to_its_passes_and_gets_lower(method):
    of = objective(passes=60)
    first, _ = of.value_and_gradient(of.start)
    minimise(of, method, 0.1)
    assert of.spent in (59, 60)
    assert of.lowest < 0.5 * first
    of.take_best()
    assert of._loss(of._network(INPUTS), TARGETS).item() == pytest.approx(of.lowest, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_repeats_bit_for_bit(method):
    found = []
    for _ in range(2):
        of = objective(passes=40)
        minimise(of, method, 0.1)
        found.append((of.lowest, of.best.tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize("method", ["lbfgs", "newton-cg", "gauss-newton"])
def test_curvature_reaches_the_minimum_of_a_square(method):
    decay = 1.0
    of = objective(
        passes=300, loss=lambda z, _: z.square().mean() + decay * (z - 1).square().mean()
    )
    minimise(of, method, 0.0)
    assert of.lowest == pytest.approx(0.5, rel=1e-4)  # all outputs 1/2


def test_what_is_infinite_ends_the_descent():
    of = objective(passes=1000, loss=lambda z, _: z.square().mean() * 1e300)
    with pytest.raises(Diverged):
        minimise(of, "sgd", 1e300)
    assert of.spent < 100
