"""lean: what it changes, what it chooses and why, and that it can be undone."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from mish.torch import BatchNormMish, GroupNormMish, Mish, kept_bytes, lean

IMAGE = (2, 4, 8, 8)


def network(*between, act=nn.Mish, norm=None):
    """Two convolutions, with a Mish and more between them."""
    norms = [] if norm is None else [norm]
    return nn.Sequential(nn.Conv2d(4, 4, 3), *norms, act(), *between, nn.Conv2d(4, 4, 3))


class Residual(nn.Module):
    """Everything that becomes of an output, in one forward."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.act, self.last = nn.BatchNorm2d(4), nn.Mish(), nn.Mish()

    def forward(self, x):
        y = self.second(self.act(self.norm(self.first(x))))
        return self.last(x + y)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)

    def forward(self, x):
        return self.second(F.mish(self.first(x)))


class Feeds(nn.Module):
    """Gives an output to a child that does with it what ``function`` does."""

    def __init__(self, function):
        super().__init__()
        self.conv, self.act, self.child = nn.Conv2d(4, 4, 3), nn.Mish(), Applies(function)

    def forward(self, x):
        return self.child(self.act(self.conv(x)))


class Applies(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.conv = nn.Conv2d(4, 4, 3)

    def forward(self, x, flag=False, *args, **kwargs):
        if flag or args or kwargs.get("scale"):  # which hides nothing by itself
            return x
        return self.function(self, x)


def plus_its_own(module, x):
    x += module.conv.bias[0]
    return x


def gradients(model, *shape):
    torch.manual_seed(3)
    x = torch.randn(shape or IMAGE)
    model.zero_grad()
    model(x).square().mean().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def kept(model):
    return kept_bytes(model, torch.randn(IMAGE))


CASES = {
    "convolution": (network(), "1", "output", "2 keeps the output anyway"),
    "a pool": (network(nn.MaxPool2d(2)), "1", "output", "2 keeps"),
    "through views": (network(nn.Identity(), nn.Dropout(0.0)), "1", "output", "4 keeps"),
    "dropout": (network(nn.Dropout(0.3)), "1", "input", "nobody else keeps the output"),
    "up": (network(nn.Upsample(scale_factor=2)), "1", "input", "nobody else keeps the output"),
    "written over": (network(nn.ReLU(inplace=True)), "1", "input", "2 writes over the output"),
    "in a child": (Feeds(lambda m, x: m.conv(x)), "act", "output", "child.conv keeps"),
    "a sum in a child": (Feeds(lambda m, x: x + 1), "act", "input", "nobody else keeps"),
    "a product": (Feeds(lambda m, x: x * m.conv.bias[0]), "act", "output", "mul in child keeps"),
    "x += y": (Feeds(plus_its_own), "act", "input", "iadd in child writes over"),
    "x.add_": (Feeds(lambda m, x: x.add_(1)), "act", "input", "add in child writes over"),
    "a view": (Feeds(lambda m, x: x.flatten(1).add_(1)), "act", "input", "add in child writes"),
    "a matrix": (Feeds(lambda m, x: x.transpose(2, 3) @ x), "act", "output", "matmul in child"),
    "hidden": (
        Feeds(lambda m, x: x if x.sum() > 0 else m.conv(x)),
        "act",
        "input",
        "the output cannot be followed: child: torch.fx cannot trace it",
    ),
    "functional": (Functional(), "", "output", "second keeps the output anyway"),
}


@pytest.mark.parametrize("case", CASES)
def test_choices(case):
    model, name, save, why = CASES[case]
    model = copy.deepcopy(model)
    before, classes = gradients(model), [type(m) for m in model.modules()]
    with lean(model) as done:
        assert list(done) == [name]
        assert done[name].save == save
        assert why in done[name].why
        torch.testing.assert_close(gradients(model), before, rtol=1e-4, atol=1e-6)
    assert [type(m) for m in model.modules()] == classes
    torch.testing.assert_close(gradients(model), before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("norm", "into"),
    [(nn.BatchNorm2d(4), BatchNormMish), (nn.GroupNorm(2, 4), GroupNormMish)],
)
def test_norms(norm, into):
    was = f"{type(norm).__module__}.{type(norm).__qualname__}"
    model = network(norm=norm)
    keys, before, bytes_before = list(model.state_dict()), gradients(model), kept(model)
    done = lean(model)
    assert type(model[1]) is into
    assert type(model[2]) is nn.Identity
    assert model[1] is norm
    assert done["1"].was == was
    assert done["1"].save == "output"
    assert done["1"].why == "3 keeps the output anyway; with 2"
    torch.testing.assert_close(gradients(model), before, rtol=1e-3, atol=1e-5)
    assert list(model.state_dict()) == keys
    one = 4 * 2 * 4 * 6 * 6  # a map between the layers
    assert bytes_before - kept(model) == 2 * one
    done.undo()
    done.undo()
    assert type(model[2]) is nn.Mish
    assert kept(model) == bytes_before


def test_as_much_as_with_relu():
    """The goal: what the convolutions keep, and nothing beside it."""
    model, twin = network(norm=nn.BatchNorm2d(4)), network(norm=nn.BatchNorm2d(4), act=nn.ReLU)
    lean(model)
    one = 4 * 2 * 4 * 6 * 6
    assert kept(model) == kept(twin) - one  # of PyTorch's pair ReLU keeps its output too
    model, twin = network(), network(act=nn.ReLU)
    lean(model)
    assert kept(model) == kept(twin)
    lean(model, save="output+bit")
    assert kept(model) == kept(twin) + one / 32


def test_one_mish_in_many_places():
    act = nn.Mish()
    norms = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
    convs = [nn.Conv2d(4, 4, 1) for _ in range(3)]
    model = nn.Sequential(convs[0], norms[0], act, convs[1], norms[1], act, convs[2])
    before = gradients(model)
    with lean(model) as done:
        assert {name: place.save for name, place in done.items()} == {"1": "output", "4": "output"}
        torch.testing.assert_close(gradients(model), before, rtol=1e-3, atol=1e-5)
    model.append(act)  # where no normalisation comes before
    done = lean(model)
    assert {name: type(model.get_submodule(name)) for name in done} == {"2": Mish}
    assert done["2"].save == "output"


def test_a_norm_that_feeds_others_too():
    class Both(Residual):
        def forward(self, x):
            z = self.norm(self.first(x))
            return self.second(self.act(z)) + z

    for model, name in ((Both(), "act"), (network(norm=nn.BatchNorm2d(4)), "2")):
        if isinstance(model, nn.Sequential):
            model[1].register_forward_hook(lambda module, args, z: None)
        done = lean(model)
        assert name in done
        assert type(model.get_submodule(name)) is Mish


def test_a_residual_block():
    model = Residual()
    before = gradients(model)
    done = lean(model)
    assert {name: place.save for name, place in done.items()} == {"norm": "output", "last": "input"}
    torch.testing.assert_close(gradients(model), before, rtol=1e-3, atol=1e-5)
    assert str(done).splitlines()[0].split(maxsplit=2)[:2] == ["norm", "output"]


def test_saving():
    model = network(norm=nn.BatchNorm2d(4))
    x = torch.randn(IMAGE)
    done = lean(model)
    statistics = copy.deepcopy(model.state_dict())
    random = torch.get_rng_state()
    saving = done.saving(x)
    assert saving.after == kept_bytes(model, x) < saving.before
    torch.testing.assert_close(model.state_dict(), statistics, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), random)
    part = round(100 * (1 - saving.after / saving.before))
    assert str(saving).endswith(f"MB now, {part}% less")
    assert type(model[1]) is BatchNormMish


def test_each_save():
    for save in ("input", "output", "output+bit", "1bit", "4bit"):
        model = network(norm=nn.BatchNorm2d(4))
        done = lean(model, save=save)
        assert done["1"].save == (save if "bit" not in save or "+" in save else "input")
        model = network()
        assert lean(model, save=save)["1"].save == save
        assert model[1].save == save
    model = network(nn.ReLU(inplace=True))
    assert lean(model, save="output")["1"].save == "input"  # or the backward pass would fail
    model = network(nn.Dropout())
    assert lean(model, otherwise="4bit")["1"].save == "4bit"


@pytest.mark.parametrize("make", [lambda: network(norm=nn.BatchNorm2d(4)), Functional, Residual])
def test_copies(make):
    model = make()
    keys = list(model.state_dict())
    done = lean(model)
    twins = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    done.undo()
    before = gradients(model)
    for twin in twins:
        assert list(twin.state_dict()) == keys
        assert isinstance(twin, type(model))
        twin.load_state_dict(model.state_dict())
        torch.testing.assert_close(gradients(twin), before, rtol=1e-3, atol=1e-5)
        assert kept(twin) < kept(model)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's own
@pytest.mark.parametrize("make", [lambda: network(norm=nn.BatchNorm2d(4)), Functional])
def test_compile(make):
    model = make()
    before = gradients(model)
    lean(model)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    got = {name.removeprefix("_orig_mod."): v for name, v in gradients(compiled).items()}
    torch.testing.assert_close(got, before, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint_and_autocast(reentrant):
    model = network(norm=nn.BatchNorm2d(4))
    lean(model)
    x = torch.randn(IMAGE, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y = checkpoint(model, x, use_reentrant=reentrant)
    scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
    scaler.scale(y.square().mean()).backward()
    found = x.grad / 256
    twin = copy.deepcopy(model)
    leaf = x.detach().requires_grad_()
    twin(leaf).square().mean().backward()
    assert float((found - leaf.grad).norm() / leaf.grad.norm()) < 0.03


def test_undo_leaves_what_came_since():
    model = Functional()
    done = lean(model)
    model.first = nn.Conv2d(4, 4, 5)
    done.undo()
    assert type(model) is Functional
    assert model.first.kernel_size == (5, 5)


def test_what_cannot_be_changed():
    class Traced(nn.Module):
        def forward(self, x):
            return F.mish(x) if x.sum() > 0 else x

    class Spelled(nn.Module):
        def forward(self, x):
            return x * torch.tanh(F.softplus(x))

        def extra(self):
            return self.child

    done = lean(nn.Sequential(Traced()))
    assert not done
    assert "its forward may call mish, but torch.fx cannot trace it" in done.left["0"]
    holder = Spelled()
    holder.child = nn.Linear(1, 1)  # so it is no Mish module
    assert "its forward spells Mish out" in lean(holder).left[""]
    assert str(lean(holder)).startswith("the model  left")
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module, not function"):
        lean(F.mish)
    with pytest.raises(ValueError, match="save must be one of"):
        lean(nn.Mish(), save="half")
    with pytest.raises(ValueError, match="save must be one of"):
        lean(nn.Mish(), otherwise="auto")


def test_it_may_be_done_again():
    model = network(norm=nn.BatchNorm2d(4))
    first = lean(model)
    second = lean(model, save="output+bit")
    assert (first["1"].save, second["1"].save) == ("output", "output+bit")
    assert model[1].save == "output+bit"
    second.undo()
    assert model[1].save == "output"
    first.undo()
    assert type(model[2]) is nn.Mish
