"""convert: what it takes for Mish, and what it leaves."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import mish.torch
from mish.torch import Mish, convert


class ByFunctions(nn.Module):
    def forward(self, x):
        return x * torch.tanh(F.softplus(x))


class ByModules(nn.Module):
    def __init__(self):
        super().__init__()
        self.softplus, self.tanh = nn.Softplus(), nn.Tanh()

    def forward(self, x):
        return self.tanh(self.softplus(x)).mul(x)


class ByLogarithm(nn.Module):
    def forward(self, x):
        return x * torch.tanh(torch.log(1 + torch.exp(x)))


class InPlace(nn.Module):
    def forward(self, x):
        return F.mish(x, inplace=True)


class OverItsInput(nn.Module):
    """It cannot be trained: softplus needs what the product has written over."""

    def forward(self, x):
        return x.mul_(F.softplus(x).tanh())


class MemoryEfficient(nn.Module):
    """With an autograd function of its own, as several packages have it."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.mul(torch.tanh(F.softplus(x)))

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            t = F.softplus(x).tanh()
            return dy.mul(t + x * x.sigmoid() * (1 - t * t))

    def forward(self, x):
        return self.Function.apply(x)


class Shifted(nn.Module):
    def forward(self, x):
        return x * torch.tanh(F.softplus(8 * x) + 1e-3)


class SlightlyOff(nn.Module):
    def forward(self, x):
        return 1.0001 * F.mish(x)


class WrongInTraining(nn.Module):
    def forward(self, x):
        return F.dropout(F.mish(x), 0.5, self.training)


class WrongBackward(nn.Module):
    def forward(self, x):
        return F.mish(x).detach() + x - x.detach()


class NotElementwise(nn.Module):
    def forward(self, x):
        return F.mish(x) if x.dim() == 1 else F.mish(x).flip(0)


class WithParameter(nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x * torch.tanh(F.softplus(self.beta * x))


class Container(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.Mish()

    def forward(self, x):
        return self.act(x)


LOOK_ALIKES = [ByFunctions, ByModules, ByLogarithm, MemoryEfficient, InPlace, OverItsInput]


class NeedsTwo(nn.Module):
    def forward(self, x, y):
        return F.mish(x) + y


class OfIntegers(nn.Module):
    def forward(self, x):
        return F.mish(x).long()


class InPlaceInTraining(nn.Module):
    def forward(self, x):
        return F.mish(x, inplace=self.training)


OTHERS = [Shifted, SlightlyOff, WrongInTraining, WrongBackward, NotElementwise, WithParameter]
OTHERS += [nn.ReLU, nn.SiLU, nn.Hardswish, nn.Softplus, nn.Identity]


@pytest.mark.parametrize("kind", LOOK_ALIKES)
def test_look_alikes_become_ours(kind):
    model = nn.Sequential(nn.Linear(3, 3), kind(), nn.Sequential(kind()))
    before = model.state_dict()
    name = f"{kind.__module__}.{kind.__qualname__}"
    assert convert(model) == {"1": name, "2.0": name}
    assert type(model[1]) is type(model[2][0]) is Mish
    inplace = kind in (InPlace, OverItsInput)
    assert model[1].inplace is inplace
    assert repr(model[1]) == ("Mish(inplace=True)" if inplace else "Mish()")
    assert model.state_dict().keys() == before.keys()
    assert convert(model) == {}
    x = torch.randn(4, 3)
    torch.testing.assert_close(model[2](x.clone()), F.mish(x))


@pytest.mark.parametrize("kind", OTHERS)
def test_others_stay(kind):
    module = kind()
    assert convert(nn.Sequential(module)) == {}
    assert type(module) is kind


REASONS = {
    Shifted: "its values differ: .* where Mish has",
    SlightlyOff: "its values differ: .* at x = .*, where Mish has",
    WrongInTraining: "its values differ",
    WrongBackward: "its gradients differ: 1 at x = .*, where Mish has",
    NotElementwise: "its values in another shape differ",
    NeedsTwo: "it raised TypeError: .*missing 1 required positional argument: 'y'",
    OfIntegers: "another shape or dtype",
    InPlaceInTraining: "it works in place in one mode",
}


@pytest.mark.parametrize("kind", REASONS)
def test_what_is_left_and_why(kind):
    model = nn.Sequential(nn.ReLU(), kind())
    found = convert(model)
    assert found == {}
    assert list(found.left) == ["1"]
    assert re.search(REASONS[kind], found.left["1"])
    assert type(model[1]) is kind


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_torchscript_is_left():
    model = nn.Sequential(torch.jit.script(ByFunctions()))
    assert convert(model).left == {"0": "it is TorchScript, which cannot be changed"}


def test_pytorchs_module_keeps_its_hooks_mode_and_identity():
    module = nn.Mish(inplace=True).eval()
    calls = []
    module.register_forward_hook(lambda *_: calls.append(1))
    model = nn.ModuleDict({"a": module, "b": module, "c": Container()})
    changed = convert(model)
    assert set(changed) == {"a", "b", "c.act"}
    assert set(changed.values()) == {"torch.nn.modules.activation.Mish"}
    assert model["a"] is model["b"] is module
    assert (type(module), module.inplace, module.training) == (Mish, True, False)
    assert type(model["c"]) is Container
    module(torch.randn(3))
    assert calls == [1]


def test_the_root_itself():
    module = ByModules()
    assert list(convert(module)) == [""]
    assert type(module) is Mish
    assert list(module.children()) == []


def test_random_state_is_kept():
    state = torch.get_rng_state()
    convert(nn.Sequential(WrongInTraining()))
    assert torch.equal(torch.get_rng_state(), state)


def test_timm():
    """The file of timm's activations, without timm, which imports torchvision."""
    spec = importlib.util.find_spec("timm")
    if spec is None:
        pytest.skip("timm is not installed")
    file = Path(spec.submodule_search_locations[0], "layers", "activations.py")
    spec = importlib.util.spec_from_file_location("timm_activations", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = nn.Sequential(module.Mish(), module.HardMish(), module.Swish())
    assert convert(model) == {"0": "timm_activations.Mish"}


def test_monai():
    activation = pytest.importorskip("monai.networks.blocks.activation")
    assert list(convert(nn.Sequential(activation.Mish(), activation.Swish()))) == ["0"]


@pytest.mark.filterwarnings("ignore")
def test_transformers():
    activations = pytest.importorskip("transformers.activations")
    model = nn.Sequential(activations.ACT2FN["mish"], activations.ACT2FN["gelu"])
    assert convert(model) == {"0": "transformers.activations.MishActivation"}
    assert sys.modules["mish.torch"] is mish.torch
