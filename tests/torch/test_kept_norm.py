"""Normalisation and Mish that keep their input or their output: what is kept, and the gradients."""

from __future__ import annotations

import copy
import math
import pickle
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from mish.torch import BatchNormMish, GroupNormMish
from mish.torch._fused import kept_norm
from mish.torch._kept import formula
from mish.torch.functional import batch_norm_mish, group_norm_mish

C = 8
KINDS = pytest.mark.parametrize("kind", ["batch", "frozen", "group"])
SAVES = pytest.mark.parametrize("save", ["input", "output", "output+bit"])
KEEPING_OUTPUT = pytest.mark.parametrize("save", ["output", "output+bit"])


class WithoutKernels:
    """The operators as they are on devices that have no kernel for the inverse."""

    def __getattr__(self, name):
        return getattr(torch.ops.mish, name)

    marked_inverse = SimpleNamespace(default=lambda y: formula.inverse(y, formula.is_left(y)))
    sided_inverse = SimpleNamespace(
        default=lambda y, sides: formula.inverse(y, formula.unpacked_like(sides, 1, y) == 1)
    )


def layer(kind, x, weight, bias, save=None):
    """Ours with ``save``, PyTorch's without."""
    mean, var = x.new_full((C,), 0.25), x.new_full((C,), 1.5)
    if kind == "group":
        if save is None:
            return F.mish(F.group_norm(x, 4, weight, bias))
        return group_norm_mish(x, 4, weight, bias, save=save)
    training = kind == "batch"
    if save is None:
        return F.mish(F.batch_norm(x, mean, var, weight, bias, training))
    return batch_norm_mish(x, mean, var, weight, bias, training=training, save=save)


def leaves(dtype=torch.float64, shape=(3, C, 5, 4)):
    torch.manual_seed(0)
    x = (torch.randn(shape, dtype=torch.float64) * 2 + 1).to(dtype)
    weight, bias = torch.randn(2, C, dtype=torch.float64).to(dtype)
    return [v.requires_grad_() for v in (x, weight.detach().clone(), bias.detach().clone())]


def gradients(kind, inputs, save=None):
    y = layer(kind, *inputs, save)
    dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    wanted = [v for v in inputs if v is not None]
    return torch.autograd.grad(y, wanted, dy.to(y.dtype))


def errors(got, expected):
    """The largest, and the root of the mean square: relative to the latter of what is expected."""
    found = [
        (a.double() - b).abs() / b.square().mean().sqrt()
        for a, b in zip(got, expected, strict=True)
    ]
    return max(float(e.max()) for e in found), max(float(e.square().mean().sqrt()) for e in found)


@KINDS
@SAVES
def test_gradients_are_exact_in_float64(kind, save):
    inputs = leaves(shape=(2, C, 3))
    assert torch.autograd.gradcheck(lambda *v: layer(kind, *v, save), inputs, fast_mode=True)


@KINDS
@SAVES
@pytest.mark.parametrize(
    ("dtype", "largest", "usual"),
    [(torch.float32, 1e-3, 1e-5), (torch.bfloat16, 0.3, 0.02), (torch.float16, 0.1, 5e-3)],
)
def test_gradients_in_other_dtypes(kind, save, dtype, largest, usual):
    """Largest is the error next to the minimum of Mish."""
    inputs = leaves(dtype, (4, C, 20, 9))
    exact = gradients(kind, [v.detach().double().requires_grad_() for v in inputs])
    if save == "input":  # as good as PyTorch's pair
        largest, usual = (1.5 * e for e in errors(gradients(kind, inputs), exact))
    found = errors(gradients(kind, inputs, save), exact)
    assert found[0] < largest
    assert found[1] < usual


@KINDS
@SAVES
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-6, -1e-3])
def test_weights_that_drown_the_input(kind, save, size):
    """PyTorch's zero_init_last and the like begin there."""
    x, weight, bias = leaves(torch.float32)
    with torch.no_grad():
        weight[2], weight[5], bias[5], bias[6] = size, -1, 300, 1e4
    inputs = [x, weight, bias]
    exact = gradients(kind, [v.detach().double().requires_grad_() for v in inputs])
    assert errors(gradients(kind, inputs, save), exact)[0] < 1e-3


@KINDS
@SAVES
@pytest.mark.parametrize(
    ("dtype", "size"), [(torch.float16, 12), (torch.float32, 60), (torch.float64, 500)]
)
@pytest.mark.parametrize("kernels", [True, False])
def test_outputs_that_underflow(kind, save, dtype, size, kernels, monkeypatch):
    """Their inputs are lost; no other gradient may be. Other devices have formulas for kernels."""
    if not kernels:
        monkeypatch.setattr(kept_norm, "OPERATORS", WithoutKernels())
    x, weight, bias = leaves(dtype, (4, C, 50))
    with torch.no_grad():
        weight.copy_(torch.tensor(size) * weight.sign())
    inputs = [x, weight, bias]
    assert bool((layer(kind, *inputs, save) == 0).any())
    exact = gradients(kind, [v.detach().double().requires_grad_() for v in inputs])
    for ours, theirs in zip(gradients(kind, inputs, save), exact, strict=True):
        near = (ours.double() - theirs).abs() < 0.02 * theirs.abs().max()
        assert float(near.double().mean()) > 0.9
        assert bool(ours.isfinite().all())


@KINDS
@SAVES
def test_parameters_may_be_missing(kind, save):
    x, weight, _ = leaves()
    for inputs in ([x, None, None], [x, weight, None]):
        torch.testing.assert_close(gradients(kind, inputs, save), gradients(kind, inputs))
    found = layer(kind, x.detach(), weight, None, save)
    (only,) = torch.autograd.grad(found.sum(), weight)
    (theirs,) = torch.autograd.grad(layer(kind, x.detach(), weight, None).sum(), weight)
    torch.testing.assert_close(only, theirs)


@KINDS
@SAVES
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_layouts(kind, save, dtype):
    x, weight, bias = leaves(dtype)
    for layout in (
        x.detach().to(memory_format=torch.channels_last),
        x.detach().transpose(0, 3).contiguous().transpose(0, 3),
        x.detach()[:, :, ::2],
        x.detach().flatten(2),
        x.detach()[:, :, 0, 0],
        torch.cat([x.detach()] * 60, 3),  # more than a block of the kernel
    ):
        inputs = [layout.requires_grad_(), weight, bias]
        tolerance = {"rtol": 1e-3, "atol": 1e-3} if dtype == torch.float32 else {}
        torch.testing.assert_close(
            gradients(kind, inputs, save), gradients(kind, inputs), **tolerance
        )


@KINDS
@SAVES
@pytest.mark.parametrize("shape", [(3, C, 61, 71), (5, C, 3), (0, C, 4, 4)])
def test_the_kernel_does_what_the_operations_do(kind, save, shape, monkeypatch):
    inputs = leaves(shape=shape)
    if kind == "batch" and not shape[0]:
        return  # refused
    inputs[1].data[2] = 0
    called = []
    kernel = kept_norm._in_rows
    monkeypatch.setattr(kept_norm, "_in_rows", lambda *a: called.append(1) or kernel(*a))
    found = gradients(kind, inputs, save)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    shared = gradients(kind, inputs, save)
    torch.set_num_threads(before)
    assert len(called) == 2 * bool(shape[0])
    monkeypatch.setattr(kept_norm, "_is_in_rows", lambda *_: False)
    torch.testing.assert_close(found, gradients(kind, inputs, save))
    torch.testing.assert_close(shared, found, rtol=0, atol=0)


@KINDS
@SAVES
def test_what_is_kept(kind, save):
    x, weight, bias = leaves(torch.float32, (4, C, 40))
    with torch.no_grad():
        weight.clamp_(min=0.5)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda v: kept.append(v) or v, lambda v: v):
        y = layer(kind, x, weight, bias, save)
    storages = {v.untyped_storage().data_ptr(): v.untyped_storage().nbytes() for v in kept}
    large = storages.pop((x if save == "input" else y).untyped_storage().data_ptr())
    assert large == 4 * x.numel()
    bits = x.numel() // 8 if save == "output+bit" else 0
    assert sum(storages.values()) <= bits + 4 * (2 * 4 * 4 + 2 * C) + 4 * C
    assert all((size == bits) or size <= 4 * 4 * C for size in storages.values())


@KINDS
@SAVES
def test_values(kind, save):
    for dtype, bound in ((torch.float32, 3e-7), (torch.bfloat16, 2**-6)):
        inputs = leaves(dtype)
        exact = layer(kind, *(v.detach().double() for v in inputs))
        y = layer(kind, *inputs, save)
        assert y.dtype == dtype
        assert float(((y.detach().double() - exact).abs() / (1 + exact.abs())).max()) < bound


@KINDS
def test_second_derivatives(kind):
    inputs = leaves(shape=(2, C, 3))
    assert torch.autograd.gradgradcheck(lambda *v: layer(kind, *v, "input"), inputs, fast_mode=True)


@KINDS
@KEEPING_OUTPUT
def test_second_derivatives_are_refused_where_the_input_is_gone(kind, save):
    x, weight, bias = leaves()
    (dx,) = torch.autograd.grad(layer(kind, x, weight, bias, save).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match='use save="input"'):
        dx.sum().backward()


@KEEPING_OUTPUT
def test_to_write_over_the_output_is_noticed(save):
    x, weight, bias = leaves()
    y = layer("batch", x, weight, bias, save)
    y += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@SAVES
@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics(save, momentum):
    theirs = nn.BatchNorm2d(C, momentum=momentum)
    ours = BatchNormMish(C, momentum=momentum, save=save)
    for _ in range(3):
        x, *_ = leaves(torch.float32)
        torch.testing.assert_close(ours(x), F.mish(theirs(x)))
    torch.testing.assert_close(dict(ours.state_dict()), dict(theirs.state_dict()))


@SAVES
def test_copies(save):
    x, *_ = leaves(torch.float32)
    for ours in (BatchNormMish(C, save=save), GroupNormMish(2, C, save=save)):
        for twin in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
            assert twin.save == save
            assert ("save=" in repr(twin)) == (save != "input")
            torch.testing.assert_close(twin(x), ours(x))


@SAVES
@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("module", [BatchNormMish, lambda c, save: GroupNormMish(2, c, save=save)])
def test_checkpoint(save, reentrant, module):
    ours = module(C, save=save)
    x, *_ = leaves(torch.float32)
    expected = torch.autograd.grad(copy.deepcopy(ours)(x).square().sum(), x)
    got = torch.autograd.grad(checkpoint(ours, x, use_reentrant=False).square().sum(), x)
    if reentrant:
        checkpoint(copy.deepcopy(ours), x, use_reentrant=True).square().sum().backward()
        got = (x.grad,)
    torch.testing.assert_close(got, expected)


@SAVES
def test_autocast_and_scaled_gradients(save):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(3, C, 3), BatchNormMish(C, save=save), nn.Conv1d(C, C, 3),
        GroupNormMish(2, C, save=save), nn.Conv1d(C, 1, 3),
    )  # fmt: skip
    x = torch.randn(8, 3, 20)
    model(x).square().mean().backward()
    exact = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizer = torch.optim.SGD(model.parameters(), 1e-2)
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(x).square().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    top = max(float(g.abs().max()) for g in exact)
    for p, g in zip(model.parameters(), exact, strict=True):
        assert float((p.grad - g).abs().max()) < 0.1 * top
    scaler.step(optimizer)


@pytest.mark.parametrize(
    ("save", "backend"),
    [
        ("input", "aot_eager"),
        ("output", "aot_eager"),
        ("output+bit", "aot_eager"),
        ("output", "inductor"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's own
def test_compile(save, backend):
    model = nn.Sequential(nn.Conv1d(3, C, 3), BatchNormMish(C, save=save), nn.Conv1d(C, 1, 3))
    twin = copy.deepcopy(model)
    x = torch.randn(8, 3, 20)
    torch._dynamo.reset()
    torch.compile(twin, fullgraph=True, backend=backend)(x).sum().backward()
    model(x).sum().backward()
    for ours, theirs in zip(twin.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)


def test_what_is_refused():
    x, weight, bias = leaves()
    with pytest.raises(ValueError, match=r"save must be one of 'input', 'output', 'output\+bit', "):
        group_norm_mish(x, 4, save="4bit")
    with pytest.raises(ValueError, match="save must be one of"):
        BatchNormMish(C, save="all")
    with pytest.raises(ValueError, match="save must be one of"):
        GroupNormMish(2, C, save="all")
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        BatchNormMish(C)(x[:1, :, 0, 0])
    with pytest.raises(ValueError, match="may be None only when training"):
        batch_norm_mish(x, None, None, weight, bias)


def test_the_bound_of_what_drowns():
    """Where a channel keeps its input besides: beyond, errors would exceed √ε/8 of x̂."""
    from mish.torch._fused.kept_norm import _drowned

    eps = torch.finfo(torch.float32).eps
    least = 4 * math.sqrt(eps)
    weight = torch.tensor([least * 1.01, least * 0.99, 1.0, 1.0, 0.0])
    bias = torch.tensor([0.5, 0.5, 0.9 / least, 1.1 / least, 0.0])
    assert _drowned(weight, bias, torch.float32).tolist() == [1, 3, 4]
    assert _drowned(None, None, torch.float32) is None
    assert _drowned(torch.ones(3), None, torch.float32) is None
