"""Bias, group and batch normalisation with Mish in one, against the exact computation."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import mish
import mish.torch
from mish.torch import BatchNormMish, GroupNormMish, functional
from mish.torch.functional import batch_norm_mish, bias_mish, group_norm_mish

CHANNELS = 6
SHAPES = [
    (4, CHANNELS),
    (3, CHANNELS, 5),
    (2, CHANNELS, 4, 3),
    (1, CHANNELS, 2, 3, 2),
    (0, CHANNELS, 3),
]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@pytest.fixture(autouse=True, params=["operations", "fused"])
def path(request, monkeypatch):
    """The CPU's own path, and that of CUDA devices with the operators' kernels for the CPU."""
    if request.param == "fused":
        monkeypatch.setattr(functional, "_fuses", functional._is_plain)
    return request.param


def numbers(*shape, dtype=torch.float64, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def parameters(dtype=torch.float64):
    weight, bias, mean = (numbers(CHANNELS, dtype=dtype, seed=seed) for seed in (1, 2, 3))
    return weight, bias, mean, mean.abs() + 0.5


def fused(name, x, weight, bias, mean, var):
    if name == "bias":
        return bias_mish(x, bias)
    if name == "group":
        return group_norm_mish(x, 2, weight, bias)
    return batch_norm_mish(x, mean, var, weight, bias)


def unfused(name, x, weight, bias, mean, var, activation=F.mish):
    if name == "bias":
        return activation(x + bias.reshape(-1, *[1] * (x.dim() - 2)))
    if name == "group":
        return activation(F.group_norm(x, 2, weight, bias))
    return activation(F.batch_norm(x, mean, var, weight, bias))


def exact(name, x, *rest):
    z = unfused(name, x.double(), *(v.double() for v in rest), activation=lambda z: z)
    return torch.from_numpy(np.asarray(mish.mish(z.numpy())))


NAMES = pytest.mark.parametrize("name", ["bias", "group", "batch"])


@NAMES
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_values(name, dtype, shape):
    x, rest = numbers(*shape, dtype=dtype), parameters(dtype)
    y = fused(name, x, *rest)
    assert (y.shape, y.dtype) == (x.shape, dtype)
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(y.double(), exact(name, x, *rest), rtol=2 * eps, atol=8 * eps)


@NAMES
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bits_are_rounded_once(name, dtype):
    """At least as close as what rounds between the two steps, and nearly as close as can be."""
    x, rest = numbers(8, CHANNELS, 50, dtype=dtype), parameters(dtype)
    truth = exact(name, x, *rest)
    ours = (fused(name, x, *rest).double() - truth).abs()
    theirs = (unfused(name, x, *rest).double() - truth).abs()
    best = (truth.to(dtype).double() - truth).abs()
    assert ours.max() <= theirs.max()
    assert ours.mean() < 1.01 * best.mean() < theirs.mean()


def test_a_large_mean_costs_no_more_than_in_pytorch():
    x = (numbers(4, CHANNELS, 200) + 1e4).float()
    truth = torch.from_numpy(np.asarray(mish.mish(F.group_norm(x.double(), 2).numpy())))
    ours = (group_norm_mish(x, 2).double() - truth).abs().max()
    theirs = (F.mish(F.group_norm(x, 2)).double() - truth).abs().max()
    assert ours <= theirs < 2e-3


@pytest.mark.slow
@NAMES
@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_gradients(name, shape):
    inputs = [v.requires_grad_() for v in (numbers(*shape), *parameters())]
    used = [inputs[0], inputs[2]] if name == "bias" else inputs[:3]

    def function(*used):
        given = dict(
            zip(("x", "bias") if name == "bias" else ("x", "weight", "bias"), used, strict=True)
        )
        x, bias = given["x"], given["bias"]
        return fused(name, x, given.get("weight"), bias, *(v.detach() for v in inputs[3:]))

    assert torch.autograd.gradcheck(function, used)
    assert torch.autograd.gradgradcheck(function, used)


@NAMES
@pytest.mark.parametrize("needed", list(itertools.product([False, True], repeat=3))[1:])
def test_only_the_gradients_that_are_needed(name, needed):
    def leaves():
        found = [numbers(3, CHANNELS, 5), *parameters()[:2]]
        return [v.requires_grad_(need) for v, need in zip(found, needed, strict=True)]

    results = []
    for function in (fused, unfused):
        x, weight, bias = leaves()
        y = function(name, x, weight, bias, *parameters()[2:])
        if y.requires_grad:
            y.backward(numbers(*y.shape, seed=9))
        results.append([v.grad for v in (x, weight, bias)])
    for ours, theirs in zip(*results, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@NAMES
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gradients_have_the_dtypes_of_their_tensors(name, dtype):
    x = numbers(3, CHANNELS, 5, dtype=dtype).requires_grad_()
    weight, bias = (v.float().requires_grad_() for v in parameters()[:2])
    fused(name, x, weight, bias, *parameters(torch.float32)[2:]).sum().backward()
    assert (x.grad.dtype, bias.grad.dtype) == (dtype, torch.float32)


@pytest.mark.parametrize("name", ["group", "batch"])
def test_weight_and_bias_may_be_missing(name):
    x, (_, _, mean, var) = numbers(3, CHANNELS, 5), parameters()
    leaf = x.clone().requires_grad_()
    y = fused(name, leaf, None, None, mean, var)
    ones, zeros = torch.ones(CHANNELS).double(), torch.zeros(CHANNELS).double()
    torch.testing.assert_close(y, exact(name, x, ones, zeros, mean, var))
    (dx,) = torch.autograd.grad(y.sum(), leaf)
    theirs = x.clone().requires_grad_()
    unfused(name, theirs, None, None, mean, var).sum().backward()
    torch.testing.assert_close(dx, theirs.grad)


@NAMES
def test_what_is_kept_for_backward(name, path):
    """The input, and nothing of its size beside it."""
    if (name, path) == ("bias", "operations"):
        pytest.skip("keeps the sum in its place")
    x, rest = numbers(4, CHANNELS, 100).requires_grad_(), parameters()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda v: kept.append(v) or v, lambda v: v):
        fused(name, x, *rest)
    assert {v.data_ptr() for v in kept if v.numel() >= x.numel()} == {x.data_ptr()}


@NAMES
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_memory_format_stays(name, memory_format):
    x = numbers(2, CHANNELS, 4, 3).to(memory_format=memory_format)
    y = fused(name, x, *parameters())
    assert y.is_contiguous(memory_format=memory_format)
    torch.testing.assert_close(y, exact(name, x, *parameters()))


@NAMES
def test_strided_inputs_and_gradients(name):
    x = numbers(5, CHANNELS, 3).transpose(0, 2)
    leaf = x.detach().requires_grad_()
    y = fused(name, leaf, *parameters())
    torch.testing.assert_close(y, exact(name, x, *parameters()))
    dy = numbers(1).expand(y.shape)
    theirs = x.detach().requires_grad_()
    torch.testing.assert_close(
        torch.autograd.grad(y, leaf, dy),
        torch.autograd.grad(unfused(name, theirs, *parameters()), theirs, dy),
    )


@NAMES
@pytest.mark.parametrize("value", [0.0, 1e-310, np.inf, np.nan])
def test_special_values_spread_as_pytorch_has_them(name, value):
    x = numbers(2, CHANNELS, 4)
    x[0, 0] = value
    rest = parameters()
    ours, theirs = fused(name, x, *rest), unfused(name, x, *rest)
    torch.testing.assert_close(ours, theirs, equal_nan=True)


@NAMES
def test_transforms(name):
    x, (weight, bias, mean, var) = numbers(3, CHANNELS, 5), parameters()

    def ours(x, bias):
        return fused(name, x, weight, bias, mean, var).sin().sum()

    def theirs(x, bias):
        return unfused(name, x, weight, bias, mean, var, mish.torch.mish).sin().sum()

    for transform in (
        lambda f: torch.func.grad(f, argnums=(0, 1))(x, bias),
        lambda f: torch.func.jvp(f, (x, bias), (x, bias)),
        lambda f: torch.func.vmap(f, (None, 0))(x, torch.stack([bias, 2 * bias])),
        lambda f: torch.func.hessian(f, argnums=1)(x, bias),
    ):
        torch.testing.assert_close(transform(ours), transform(theirs))


@NAMES
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's own
def test_compile_and_export(name):
    x, rest = numbers(3, CHANNELS, 5, dtype=torch.float32), parameters(torch.float32)

    class Layer(torch.nn.Module):
        def forward(self, x):
            return fused(name, x, *rest)

    expected = fused(name, x, *rest)
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(Layer(), fullgraph=True)(x), expected)
    program = torch.export.export(Layer(), (x,))
    torch.testing.assert_close(program.module()(x), expected)
    assert "affine_mish" not in str(program.graph)
    assert "group_norm_mish" not in str(program.graph)


@pytest.mark.parametrize("needs", [False, True])
def test_opcheck(needs):
    x = numbers(3, CHANNELS, 5, dtype=torch.float32).requires_grad_(needs)
    weight, bias = (v.requires_grad_(needs) for v in parameters(torch.float32)[:2])
    ops = torch.ops.mish
    torch.library.opcheck(ops.affine_mish.default, (x, weight, bias))
    torch.library.opcheck(ops.affine_mish.default, (x, None, bias))
    torch.library.opcheck(ops.group_norm_mish.default, (x, weight, bias, 2, 1e-5))
    y, mean, rstd = ops.group_norm_mish(x.detach(), weight.detach(), bias.detach(), 2, 1e-5)
    given = (y, x.detach(), mean, rstd, weight.detach(), bias.detach(), 2)
    torch.library.opcheck(ops.group_norm_mish_backward.default, given)
    given = (y, x.detach(), weight.detach(), bias.detach())
    torch.library.opcheck(ops.affine_mish_backward.default, given)


@pytest.mark.parametrize("affine", [True, False])
def test_group_norm_module(affine):
    torch.manual_seed(0)
    theirs = torch.nn.GroupNorm(2, CHANNELS, eps=1e-3, affine=affine)
    if affine:
        torch.nn.init.normal_(theirs.weight)
    ours = GroupNormMish(2, CHANNELS, eps=1e-3, affine=affine)
    ours.load_state_dict(theirs.state_dict())
    x = numbers(3, CHANNELS, 5, dtype=torch.float32)
    for each in (ours, copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        torch.testing.assert_close(each(x), F.mish(theirs(x)))
    assert theirs.load_state_dict(ours.state_dict())


@pytest.mark.parametrize("track", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_module(track, training):
    theirs = torch.nn.BatchNorm2d(CHANNELS, track_running_stats=track)
    ours = BatchNormMish(CHANNELS, track_running_stats=track)
    for module in (theirs, ours):
        module.train()
        module(numbers(4, CHANNELS, 3, 3, dtype=torch.float32) * 3 + 1)
        module.train(training)
    x = numbers(2, CHANNELS, 3, 3, dtype=torch.float32)
    torch.testing.assert_close(ours(x), F.mish(theirs(x)))
    torch.testing.assert_close(dict(ours.state_dict()), dict(theirs.state_dict()))
    assert ours.load_state_dict(theirs.state_dict())


def test_what_cannot_be_computed_is_refused():
    x, (weight, bias, mean, var) = numbers(3, CHANNELS, 5), parameters()
    with pytest.raises(ValueError, match="num_groups must divide the 6 channels"):
        group_norm_mish(x, 4)
    with pytest.raises(ValueError, match="num_groups"):
        group_norm_mish(x, 0)
    with pytest.raises(ValueError, match=r"bias must have .* shape \(6,\), not \(5,\)"):
        bias_mish(x, bias[:5])
    with pytest.raises(ValueError, match="weight must have"):
        group_norm_mish(x, 2, weight[:, None])
    with pytest.raises(ValueError, match="running_var must have"):
        batch_norm_mish(x, mean, var[:1])
    with pytest.raises(ValueError, match=r"x must have the shape \(N, C, ...\), not \(6,\)"):
        bias_mish(x[0, :, 0], bias)
    with pytest.raises(TypeError, match=r"floating-point dtype, not torch\.int64"):
        bias_mish(x.long(), bias)
    with pytest.raises(ValueError, match=r"input must have the shape \(N, C, ...\)"):
        BatchNormMish(CHANNELS).eval()(x[0, :, 0])
