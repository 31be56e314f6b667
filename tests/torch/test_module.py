"""The module Mish as a drop-in for nn.Mish."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch

import mish.torch


@pytest.mark.parametrize("inplace", [False, True])
def test_repr_and_state_dict(inplace):
    ours, theirs = mish.torch.Mish(inplace=inplace), torch.nn.Mish(inplace=inplace)
    assert repr(ours) == repr(theirs)
    assert ours.state_dict() == theirs.state_dict()
    ours.load_state_dict(theirs.state_dict())
    assert isinstance(ours, torch.nn.Mish)


@pytest.mark.parametrize("inplace", [False, True])
def test_pickle_and_deepcopy(inplace):
    module = mish.torch.Mish(inplace)
    x = torch.randn(5)
    expected = mish.torch.mish(x)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    for each in (
        pickle.loads(pickle.dumps(module)),
        copy.deepcopy(module),
        torch.load(file, weights_only=False),
    ):
        assert type(each) is mish.torch.Mish
        assert each.inplace is inplace
        assert torch.equal(each(x.clone()), expected)


def test_state_from_elsewhere():
    """As a checkpoint has it whose class is found to be ours: it may know no ``inplace``."""
    state = {key: each for key, each in vars(mish.torch.Mish()).items() if key != "inplace"}
    module = mish.torch.Mish.__new__(mish.torch.Mish)
    module.__setstate__(state)
    assert repr(module) == "Mish()"
    x = torch.randn(5)
    assert torch.equal(module(x), mish.torch.mish(x))
    assert "aten::mish" in str(torch.jit.script(module).inlined_graph)


test_state_from_elsewhere = pytest.mark.filterwarnings("ignore:.torch.jit")(
    test_state_from_elsewhere
)


def test_inplace():
    x = torch.randn(5)
    assert mish.torch.Mish(inplace=True)(x) is x
    assert mish.torch.Mish()(x) is not x


def test_data_parallel():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), mish.torch.Mish())
    x = torch.randn(2, 3)
    assert torch.equal(torch.nn.DataParallel(model)(x), model(x))


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_scripted(inplace):
    x = torch.randn(5)
    scripted = torch.jit.script(torch.nn.Sequential(mish.torch.Mish(inplace)))
    torch.testing.assert_close(scripted(x.clone()), mish.torch.mish(x))


def test_symbolic_trace():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), mish.torch.Mish())
    traced = torch.fx.symbolic_trace(model)
    x = torch.randn(2, 3)
    torch.testing.assert_close(traced(x), model(x))
    with mish.torch.accelerate():
        assert torch.equal(traced(x), model(x))


def test_checkpointed():
    x = torch.randn(5, requires_grad=True)
    torch.utils.checkpoint.checkpoint(mish.torch.Mish(), x, use_reentrant=False).sum().backward()
    assert torch.equal(x.grad, mish.torch.derivative(x.detach()))
