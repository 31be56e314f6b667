"""What Inductor's partitioner keeps of a network for the backward pass, ours beside PyTorch's."""

from __future__ import annotations

import copy

import pytest
import torch
import torch._functorch.config
from torch import nn

import mish.torch
from mish.torch._accelerate.inductor import _Unshared
from mish.torch._ops import backward_formula, derivative_formula

LAYERS, C = 2, 8  # constants are shared from the second layer on
NORMS = {"batch": lambda: nn.BatchNorm2d(C), "group": lambda: nn.GroupNorm(4, C)}
OURS = {
    "batch": lambda save: mish.torch.BatchNormMish(C, save=save),
    "group": lambda save: mish.torch.GroupNormMish(4, C, save=save),
}

# PyTorch itself runs into these.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _forget():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def network(behind):
    layers = []
    for _ in range(LAYERS):
        layers += [nn.Conv2d(C, C, 3, padding=1), behind()]
    return nn.Sequential(*layers)


def kept(model, x, budget=1.0):
    """Maps of a layer's size that the compiled model keeps; its gradients are right."""
    exact = copy.deepcopy(model).double()
    storages = {}

    def pack(tensor):
        if tensor.dim() == x.dim() and tensor.shape[0] == x.shape[0]:
            storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    # Inductor's decompositions and its partitioner, but no code and no cache on disk.
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager_decomp_partition")
    with (
        torch._functorch.config.patch(activation_memory_budget=budget),
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
    ):
        y = compiled(x)
    y.float().square().sum().backward()
    exact(x.double()).square().sum().backward()
    # All in one: before a batch normalisation the gradient of a bias is 0 but for rounding.
    got, expected = (
        torch.cat([p.grad.double().flatten() for p in each.parameters()]) for each in (model, exact)
    )
    assert (got - expected).norm() < 16 * torch.finfo(x.dtype).eps * expected.norm()
    return sum(storages.values()) / (x.numel() * x.itemsize)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("norm", "save", "dtype", "layout"),
    [
        ("batch", "input", torch.float32, torch.contiguous_format),
        ("batch", "output", torch.bfloat16, torch.channels_last),
        ("group", "output+bit", torch.float32, torch.channels_last),
    ],
)
def test_normalisation_with_mish_keeps_no_more(norm, save, dtype, layout):
    torch.manual_seed(0)
    x = torch.randn(4, C, 12, 12, dtype=dtype).contiguous(memory_format=layout)
    theirs = network(lambda: nn.Sequential(NORMS[norm](), nn.Mish()))
    theirs.to(dtype=dtype, memory_format=layout)
    most = kept(theirs, x)
    ours = network(lambda: OURS[norm](save))
    ours.to(dtype=dtype, memory_format=layout)
    assert kept(ours, x) <= most


@pytest.mark.slow
def test_smaller_budgets():
    torch.manual_seed(0)
    x = torch.randn(4, C, 12, 12)
    most = kept(network(lambda: nn.Sequential(NORMS["batch"](), nn.Mish())), x, 0.5)
    assert kept(network(lambda: OURS["batch"]("output")), x, 0.5) <= most


def test_output_after_a_convolution_keeps_less():
    torch.manual_seed(0)
    x = torch.randn(4, C, 12, 12)
    most = kept(network(nn.Mish), x)
    assert kept(network(lambda: mish.torch.Mish(save="output")), x) < most


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_same_bits(dtype):
    x = torch.linspace(-130, 40, 20001, dtype=torch.float64)
    x = torch.cat([x, torch.tensor([-torch.inf, torch.inf, torch.nan, -0.0, 3e4, -3e4])]).to(dtype)
    pairs = [(derivative_formula(x, n), derivative_formula(x, n, _Unshared)) for n in range(4)]
    pairs.append((backward_formula(x, x), backward_formula(x, x, _Unshared)))
    for expected, got in pairs:
        assert torch.equal(got.nan_to_num(7), expected.nan_to_num(7))
        assert torch.equal(got.signbit(), expected.signbit())
