"""Second derivatives through PyTorch's own autograd node."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

import mish.torch

X = torch.tensor([-20.0, -1, 0, 8, 10, 100])


def gradients(function=F.mish):
    x = X.clone().requires_grad_()
    (first,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return first.detach(), second


def test_pytorchs_own_is_lost_and_ours_is_not(truth):
    assert torch.isnan(gradients()[1][-1])
    with mish.torch.accelerate():
        first, second = gradients()
    torch.testing.assert_close(first, truth(X, 1), rtol=2e-7, atol=0)
    torch.testing.assert_close(second, truth(X, 2), rtol=2e-7, atol=0)
    assert torch.isnan(gradients()[1][-1])


def test_backward_with_create_graph(accelerated, truth):
    x = X.clone().requires_grad_()
    F.mish(x).sum().backward(create_graph=True)
    (second,) = torch.autograd.grad(x.grad.sum(), x)
    x.grad = None  # PyTorch warns of the cycle
    torch.testing.assert_close(second, truth(X, 2), rtol=2e-7, atol=0)


test_backward_with_create_graph = pytest.mark.filterwarnings(
    "ignore:Using backward\\(\\) with create_graph=True"
)(test_backward_with_create_graph)


def test_gradient_penalty_of_a_deep_model(accelerated):
    def penalty():
        torch.manual_seed(0)
        layers = [each for _ in range(4) for each in (torch.nn.Linear(5, 5), torch.nn.Mish())]
        model = torch.nn.Sequential(*layers).double()
        x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        slope.square().sum().backward()
        return model[0].weight.grad

    with_hooks = penalty()
    mish.torch.accelerate().undo()
    torch.testing.assert_close(with_hooks, penalty())  # no tails here: PyTorch is right too


def test_hooks_are_taken_back(accelerated):
    x = X.clone().requires_grad_()
    y = F.mish(x)
    for _ in range(2):
        (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert first.grad_fn.name() == "BackwardFunctionBackward"
    (plain,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(plain, first.detach())


def test_gradient_edges(accelerated, truth):
    x = X.clone().requires_grad_()
    edge = torch.autograd.graph.get_gradient_edge(F.mish(x))
    (first,) = torch.autograd.grad(edge, x, torch.ones_like(X), create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(second, truth(X, 2), rtol=2e-7, atol=0)


def test_checkpointing_still_works(accelerated, truth):
    first, _ = gradients(lambda x: checkpoint(F.mish, x, use_reentrant=False))
    torch.testing.assert_close(first, truth(X, 1), rtol=1e-5, atol=1e-12)


def test_parts_without_gradient(accelerated):
    x = torch.randn(3, requires_grad=True)
    y = torch.stack([F.mish(x), x])
    (first,) = torch.autograd.grad(y[1].sum(), x, create_graph=True)
    assert torch.equal(first, torch.ones(3))
