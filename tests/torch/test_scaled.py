"""Mish of a scale k, x·tanh(softplus(kx)) = mish(kx)/k, in modules, graphs and programs."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.fx import symbolic_trace

import mish.torch
from mish.torch import convert
from mish.torch._export.forms import FORMS, in_form
from mish.torch._scaled import ScaledMish, scaled_mish
from mish.ulp import error_against

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # PyTorch's own, in torch.export

ATEN = torch.ops.aten
# each with its scale
SPELLINGS = {
    "plain": (8.0, lambda x: x * torch.tanh(F.softplus(8 * x))),
    "op": (8.0, lambda x: F.mish(8 * x) / 8),
    "log": (3.0, lambda x: x * torch.tanh(torch.log1p(torch.exp(x * 3)))),
    "below 1": (0.5, lambda x: x * torch.tanh(F.softplus(x / 2))),
    "near 1": (1.0001, lambda x: x * torch.tanh(F.softplus(1.0001 * x))),
}
IN_GRAPHS = [name for name in SPELLINGS if name != "op"]  # which calls Mish as it is
X = torch.cat([torch.linspace(-12, 12, 2001), torch.tensor([0.0, -0.0, 1e4, -1e4, 3e38, -3e38])])


class Spelled(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Block(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.linear, self.function = nn.Linear(3, 3), function

    def forward(self, x):
        return self.function(self.linear(x)) + 1


def exact(x, scale):
    wide = x.double()
    return torch.where(wide * scale > 40, wide, F.mish(wide * scale) / scale)


def near(got, x, scale):
    rtol = {torch.float64: 1e-14, torch.float32: 2e-6}.get(x.dtype, 2.0 * torch.finfo(x.dtype).eps)
    torch.testing.assert_close(
        got.double(), exact(x, scale).to(got.dtype).double(), rtol=rtol, atol=1e-30
    )


@pytest.mark.parametrize("name", SPELLINGS)
def test_modules(name):
    scale, function = SPELLINGS[name]
    model = nn.Sequential(nn.Identity(), Spelled(function))
    kind = f"{Spelled.__module__}.{Spelled.__qualname__}"
    assert convert(model) == {"1": kind}
    assert type(model[1]) is ScaledMish
    assert model[1].scale == pytest.approx(scale, rel=1e-12)
    assert repr(model[1]) == f"ScaledMish(scale={scale:.7g})"
    assert convert(model) == {}
    near(model(X), X, scale)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.5, 3.0, 8.0])
def test_values(scale, dtype):
    top = torch.finfo(dtype).max
    ends = torch.tensor([-0.0, top, -1e3], dtype=torch.float64)
    x = torch.cat([torch.linspace(-2, 12, 3001), ends]).to(dtype)
    y = ScaledMish(scale)(x)
    assert y.dtype == dtype
    keep = exact(x, scale).abs() > 16 * torch.finfo(dtype).tiny
    near(y[keep], x[keep], scale)
    assert y[-2] == top  # where the product overflows


def test_gradients():
    x = torch.tensor([-3e38, -4.0, -0.1, 0.0, 0.3, 2.4, 2.6, 3e38], requires_grad=True)
    for function in (ScaledMish(8.0), lambda x: scaled_mish(x, 8.0)):
        (got,) = torch.autograd.grad(function(x).sum(), x)
        want = mish.torch.derivative((8 * x.detach().double()).clamp(-800, 800), 1)
        torch.testing.assert_close(got.double(), want, rtol=2e-6, atol=1e-12)


def test_in_place():
    model = nn.Sequential(Spelled(lambda x: x.mul_(F.softplus(8 * x).tanh())))
    convert(model)
    assert model[0].inplace
    given = X.clone()
    assert model(given) is given
    near(given, X, 8.0)


@pytest.mark.parametrize("name", IN_GRAPHS)
def test_a_traced_model(name):
    _, function = SPELLINGS[name]
    model, x = Block(function), torch.randn(4, 3)
    want = model(x)
    traced = symbolic_trace(model)
    assert len(convert(traced)) == 1
    assert scaled_mish in [node.target for node in traced.graph.nodes]
    torch.testing.assert_close(traced(x), want)
    assert convert(traced) == {}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("name", IN_GRAPHS)
def test_an_exported_program(name, dtype):
    _, function = SPELLINGS[name]
    model, x = Block(function).to(dtype), torch.randn(4, 3).to(dtype)
    program = torch.export.export(model, (x,))
    want, outputs = model(x), program.graph_signature.user_outputs
    assert len(convert(program)) == 1
    found = [node.target for node in program.graph.nodes]
    assert found.count(ATEN.mish.default) == 1
    assert ATEN.tanh.default not in found
    assert all("val" in node.meta for node in program.graph.nodes if node.op == "call_function")
    assert program.graph_signature.user_outputs == outputs
    close = {"rtol": 2e-3, "atol": 2e-3} if dtype == torch.float16 else {}
    torch.testing.assert_close(program.module()(x), want, **close)
    torch.testing.assert_close(program.run_decompositions().module()(x), want, **close)


def test_a_program_that_writes_over_its_input():
    program = torch.export.export(Spelled(lambda x: x.mul_(F.softplus(8 * x).tanh())), (X.clone(),))
    assert convert(program) == {"mul_": "mul, softplus, tanh, mul"}
    given = X.clone()
    near(program.module()(given), X, 8.0)
    near(given, X, 8.0)


def test_lengths_that_are_not_known():
    dynamic = {"x": {0: torch.export.Dim("n", min=2)}}
    model = Spelled(SPELLINGS["plain"][1])
    program = torch.export.export(model, (torch.randn(4, 3),), dynamic_shapes=dynamic)
    assert len(convert(program)) == 1
    x = torch.randn(7, 3)
    torch.testing.assert_close(program.module()(x), model(x))


def test_lean_leaves_it():
    model = nn.Sequential(nn.Linear(3, 3), Spelled(SPELLINGS["plain"][1]))
    with mish.torch.lean(model):
        assert type(model[1]) is Spelled


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ours", [False, True])
def test_every_form_for_other_runtimes(form, ours):
    model = nn.Sequential(nn.Identity(), Spelled(SPELLINGS["plain"][1])).eval()
    if ours:
        convert(model)
    kind, x = type(model[1]), X[X.abs() < 1e30]
    with mish.torch.convert_for_export(model, "coreml", form) as converted:
        assert list(converted) == ["1"]
        y = torch.export.export(model, (x,)).module()(x)
        assert torch.equal(model(torch.tensor(3e38)), torch.tensor(3e38))
    assert type(model[1]) is kind
    assert "mish_scale" not in vars(model[1])
    rtol = 4e-4 if form == "float16" else 2e-6
    keep = x > (-2 if form in ("op", "softplus") else -9)  # where float32 keeps digits
    torch.testing.assert_close(y[keep].double(), exact(x[keep], 8.0), rtol=rtol, atol=1e-30)


@pytest.mark.parametrize("scale", [3.0, 8.0])
def test_the_form_for_float16(scale):
    x = torch.linspace(-2, 100, 20001).half()
    y = in_form("float16", x, scale).numpy()
    assert error_against(y, exact(x, scale).numpy()).max() <= 1
