"""Activations that studies cannot use, and names that there are not."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("flint")

import mish.torch  # noqa: E402
from mish.study import activations  # noqa: E402


class Detached(torch.nn.Module):
    def forward(self, x):
        return x.detach().tanh()


class Sign(torch.nn.Module):
    def forward(self, x):
        return torch.sign(x)


class Pooled(torch.nn.Module):
    def forward(self, x):
        return x.relu().sum(0)


class Logarithm(torch.nn.Module):
    def forward(self, x):
        return x.log()


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, slope):
        return slope


class StraightThrough(torch.nn.Module):
    def forward(self, x):
        return Straight.apply(x)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Detached, "activation 'new' has no derivative: its result does not depend on its input"),
        (Sign, "activation 'new' has the derivative 0 everywhere"),
        (Pooled, r"activation 'new' must keep the shape \(256,\), not make \(\)"),
        (Logarithm, "activation 'new' or its derivative is no finite number at -3.98"),
        (
            StraightThrough,
            "'new' has a derivative that is not that of its values: at -3.98.* it is 1",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(module, message):
    with pytest.raises(ValueError, match=message):
        activations.register("new", module, smooth=False)
    assert "new" not in activations.names()


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="name must be new, and there is an activation 'relu'"):
        activations.register("relu", torch.nn.ReLU, smooth=False)


def test_an_unknown_name_is_told_what_may_be_meant():
    with pytest.raises(ValueError, match=r"not 'Leaky-ReLu'; did you mean leaky_relu\?"):
        activations.get("Leaky-ReLu")


def test_accelerated_pytorch_has_no_mish_of_its_own():
    with mish.torch.accelerate(), pytest.raises(RuntimeError, match=r"accelerate\(\) holds"):
        activations.get("torch-mish").make()
