"""convert on graphs: Mish that a forward spells out, found by its values."""

from __future__ import annotations

import operator

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.fx import symbolic_trace

import mish.torch
from mish.torch import convert

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # PyTorch's own, in torch.export


def by_sigmoid(x):
    s = torch.sigmoid(-x)
    return x * (1 - s * s) / (1 + s * s)


def over_a_temporary(x):
    y = x + 0
    return y.mul_(F.softplus(y).tanh_())


def augmented(x):
    y = x + 0
    y *= torch.tanh(F.softplus(y))
    return y


SPELLINGS = {
    "plain": lambda x: x * torch.tanh(F.softplus(x)),
    "methods": lambda x: F.softplus(x).tanh().mul(x),
    "log": lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))),
    "log1p": lambda x: torch.mul(x.exp().log1p().tanh(), x),
    "logaddexp": lambda x: x * torch.logaddexp(x * 0, x).tanh(),
    "sigmoid": by_sigmoid,
    "one division": lambda x: x * (1 - 2 / (torch.square(1 + torch.exp(x)) + 1)),
    "in place": over_a_temporary,
    "augmented": augmented,
}
OTHERS = {
    "of two scales": lambda x: x * torch.tanh(F.softplus(8 * x) + F.softplus(x)),
    "slightly off": lambda x: 1.0001 * x * torch.tanh(F.softplus(x)),
    "threshold": lambda x: x * torch.tanh(F.softplus(x, threshold=5)),
    "clamped": lambda x: x.clamp(-1000, 1000) * torch.tanh(F.softplus(x)),
    "another x": lambda x: x * torch.tanh(F.softplus(x.flip(0))),
    "piecewise": lambda x: torch.where(x > 350, 6.0, x * torch.tanh(F.softplus(x))) * 1,
    "rounded": lambda x: x * (torch.tanh(F.softplus(x)) + x.div(1e39, rounding_mode="trunc")),
    "root": lambda x: x * (torch.tanh(F.softplus(x)) + ((x - 1e39) ** 2) ** 0.5 + x - 1e39),
    "far out": lambda x: x * torch.tanh(F.softplus(x)) + torch.exp(x - 2e4),
    "swish": lambda x: x * torch.sigmoid(x),
    "detached": lambda x: x * torch.tanh(F.softplus(x.detach())),
}


class Block(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.linear, self.function = nn.Linear(3, 3), function

    def forward(self, x):
        return self.function(self.linear(x)) + 1


def targets(graph):
    return [node.target for node in graph.nodes]


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_in_a_traced_model(name):
    model, x = Block(SPELLINGS[name]), torch.randn(4, 3)
    expected = model(x)
    traced = symbolic_trace(model)
    found = convert(traced)
    assert len(found) == 1
    assert F.mish in targets(traced.graph)
    assert len(traced.graph.nodes) <= 6  # x, linear, its copy, mish, 1 added, output
    torch.testing.assert_close(traced(x), expected)
    assert convert(traced) == {}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_in_an_exported_program(name):
    model, x = Block(SPELLINGS[name]), torch.randn(4, 3)
    program = torch.export.export(model, (x,))
    found = convert(program)
    assert len(found) == 1
    assert targets(program.graph).count(torch.ops.aten.tanh.default) == 0
    torch.testing.assert_close(program.module()(x), model(x))
    torch.testing.assert_close(program.run_decompositions().module()(x), model(x))


@pytest.mark.parametrize("name", OTHERS)
def test_others_stay(name):
    traced = symbolic_trace(Block(OTHERS[name]))
    before = targets(traced.graph)
    # Inside of two of them there is a Mish.
    assert len(convert(traced)) == (name in ("piecewise", "far out"))
    assert (targets(traced.graph) == before) == (name not in ("piecewise", "far out"))


def test_what_was_found_is_told():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.act, self.softplus = nn.Mish(), nn.Softplus()

        def forward(self, x):
            y = self.act(x)
            return y * torch.tanh(self.softplus(y))

    traced = symbolic_trace(Model())
    assert convert(nn.Sequential(traced)) == {
        "0.mul": "softplus, tanh, mul",
        "0.act": "torch.nn.modules.activation.Mish",
    }
    assert isinstance(traced.act, mish.torch.Mish)


def test_what_others_need_stays():
    def function(x):
        t = torch.tanh(F.softplus(x))
        return x * t + t

    traced = symbolic_trace(Block(function))
    x = torch.randn(4, 3)
    expected = traced(x)
    assert len(convert(traced)) == 1
    assert torch.tanh in targets(traced.graph)
    torch.testing.assert_close(traced(x), expected)


def test_the_output_keeps_its_name():
    class Model(nn.Module):
        def forward(self, x):
            return x.mul_(F.softplus(x).tanh())

    x = torch.randn(5)
    program = torch.export.export(Model(), (x.clone(),))
    assert convert(program) == {"mul_": "softplus, tanh, mul"}
    assert torch.ops.aten.mish_.default in targets(program.graph)
    given = x.clone()
    y = program.module()(given)
    torch.testing.assert_close(y, F.mish(x))
    assert torch.equal(given, y)


def written_over(x):
    y = x + 0
    t = torch.tanh(F.softplus(y))
    y.add_(1)
    return y * t


def temporary_written_over(x):
    s = F.softplus(x)
    y = x * s.tanh_()
    return y + s


@pytest.mark.parametrize("function", [written_over, temporary_written_over])
def test_what_is_written_over_meanwhile(function):
    model, x = Block(function), torch.randn(4, 3)
    expected = model(x)
    traced = symbolic_trace(model)
    assert convert(traced) == {}
    torch.testing.assert_close(traced(x), expected)
    program = torch.export.export(model, (x,))
    convert(program)  # in which the result of tanh_ has a name of its own
    torch.testing.assert_close(program.module()(x), expected)


class Learned(nn.Module):
    """It is Mish until it learns."""

    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return x * torch.tanh(F.softplus(self.beta * x))


def test_parameters_are_no_constants():
    x = torch.randn(4)
    assert convert(symbolic_trace(Learned())) == {}
    assert convert(torch.export.export(Learned(), (x,))) == {}


def test_constants_in_the_code_are():
    traced = symbolic_trace(Block(lambda x: x * torch.tanh(torch.log(torch.tensor(1.0) + x.exp()))))
    assert len(convert(traced)) == 1


def test_integers_are_left():
    """Which PyTorch's mish refuses."""

    class Model(nn.Module):
        def forward(self, x):
            return x * torch.tanh(torch.log(1 + torch.exp(x)))

    assert convert(torch.export.export(Model(), (torch.arange(-3, 4),))) == {}


def test_branches_of_a_program():
    class Model(nn.Module):
        def forward(self, x):
            return torch.cond(x.sum() > 0, SPELLINGS["plain"], torch.neg, (x,))

    x = torch.ones(4)
    program = torch.export.export(Model(), (x,))
    assert len(convert(program)) == 1
    torch.testing.assert_close(program.module()(x), F.mish(x))
    torch.testing.assert_close(program.module()(-x), x)


def test_gradients_of_a_converted_graph():
    traced = symbolic_trace(Block(SPELLINGS["plain"]))
    x = torch.linspace(-200, 20, 12).reshape(4, 3).requires_grad_()
    model = Block(F.mish)
    model.linear = traced.linear
    convert(traced)
    assert torch.equal(*(torch.autograd.grad(f(x).sum(), x)[0] for f in (traced, model)))


def by_hand(x):
    return x * torch.tanh(F.softplus(x))


class Spelled(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x):
        return self._activation(self.linear(x))

    def _activation(self, x):
        return by_hand(x)


class Branching(Spelled):
    def forward(self, x):
        return by_hand(x) if x.sum() > 0 else x


class Remembering(Spelled):
    def forward(self, x):
        self.last = by_hand(x)
        return self.last


class OfLstm(Spelled):
    def forward(self, x):
        return torch.tanh(x) * F.softplus(x)


def test_forwards_that_spell_it_out_are_told_of_and_left():
    model = nn.ModuleDict(
        {"a": Spelled(), "b": Branching(), "c": OfLstm(), "d": nn.LSTM(2, 2), "e": Remembering()}
    )
    found = convert(model)
    assert found == {}
    assert set(found.left) == {"a", "b", "e"}
    assert found.left["a"] == (
        "its forward spells Mish out (softplus, tanh, mul), which convert replaces in a graph: "
        "convert(torch.fx.symbolic_trace(model))"
    )
    assert "torch.fx cannot trace it: symbolically traced variables" in found.left["b"]
    assert not hasattr(model["e"], "last")
    assert len(convert(symbolic_trace(model["a"]))) == 1


def test_augmented_products_are_known():
    """As some versions of PyTorch trace ``x *= y``."""
    graph = torch.fx.Graph()
    x = graph.placeholder("x")
    t = graph.call_function(torch.tanh, (graph.call_function(F.softplus, (x,)),))
    graph.output(graph.call_function(operator.imul, (x, t)))
    traced = torch.fx.GraphModule(nn.Module(), graph)
    given = torch.randn(5)
    expected = F.mish(given)
    assert convert(traced) == {"imul": "softplus, tanh, mul"}
    torch.testing.assert_close(traced(given), expected)
    torch.testing.assert_close(given, expected)
