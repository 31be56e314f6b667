"""What operations are said to do with their input, against what PyTorch saves of them."""

from __future__ import annotations

import operator

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mish.torch._convert.forwards import traced
from mish.torch._lean import keepers

IMAGE = (2, 4, 6, 6)
LINE, CUBE = (2, 4, 8), (2, 4, 4, 4, 4)


def weight(*shape):
    return torch.ones(shape, requires_grad=True)


FUNCTIONS = {
    "conv1d": (LINE, lambda x: F.conv1d(x, weight(4, 4, 3))),
    "conv2d": (IMAGE, lambda x: F.conv2d(x, weight(4, 4, 3, 3))),
    "conv3d": (CUBE, lambda x: F.conv3d(x, weight(4, 4, 3, 3, 3))),
    "conv_transpose1d": (LINE, lambda x: F.conv_transpose1d(x, weight(4, 4, 3))),
    "conv_transpose2d": (IMAGE, lambda x: F.conv_transpose2d(x, weight(4, 4, 3, 3))),
    "conv_transpose3d": (CUBE, lambda x: F.conv_transpose3d(x, weight(4, 4, 3, 3, 3))),
    "max_pool1d": (LINE, lambda x: F.max_pool1d(x, 2)),
    "max_pool2d": (IMAGE, lambda x: F.max_pool2d(x, 2)),
    "max_pool3d": (CUBE, lambda x: F.max_pool3d(x, 2)),
    "avg_pool1d": (LINE, lambda x: F.avg_pool1d(x, 2)),
    "avg_pool2d": (IMAGE, lambda x: F.avg_pool2d(x, 2)),
    "avg_pool3d": (CUBE, lambda x: F.avg_pool3d(x, 2)),
    "adaptive_avg_pool2d": (IMAGE, lambda x: F.adaptive_avg_pool2d(x, 1)),
    "linear": (LINE, lambda x: F.linear(x, weight(3, 8))),
    "bilinear": (LINE, lambda x: F.bilinear(x, x.detach(), weight(3, 8, 8))),
    "matmul": (LINE, lambda x: torch.matmul(x, weight(8, 3))),
    "mm": ((4, 8), lambda x: torch.mm(x, weight(8, 3))),
    "bmm": (LINE, lambda x: torch.bmm(x, weight(2, 8, 3))),
    "einsum": ((4, 8), lambda x: torch.einsum("ij,jk->ik", x, weight(8, 3))),
    "addmm": ((4, 8), lambda x: torch.addmm(weight(3), x, weight(8, 3))),
    "baddbmm": (LINE, lambda x: torch.baddbmm(weight(3), x, weight(2, 8, 3))),
    "batch_norm": (IMAGE, lambda x: F.batch_norm(x, None, None, training=True)),
    "instance_norm": (IMAGE, F.instance_norm),
    "group_norm": (IMAGE, lambda x: F.group_norm(x, 2)),
    "layer_norm": (LINE, lambda x: F.layer_norm(x, (8,))),
    "rms_norm": (LINE, lambda x: F.rms_norm(x, (8,))),
    **{name: (LINE, getattr(F, name)) for name in ("gelu", "silu", "mish", "elu", "celu", "selu")},
    **{name: (LINE, getattr(F, name)) for name in ("softplus", "leaky_relu", "hardswish")},
    "prelu": (LINE, lambda x: F.prelu(x, weight(1))),
    "scaled_dot_product_attention": (LINE, lambda x: F.scaled_dot_product_attention(x, x, x)),
    **{name: (LINE, getattr(torch, name)) for name in ("square", "sin", "cos", "log", "abs")},
    "add": (IMAGE, lambda x: x + weight(1)),
    "sub": (IMAGE, lambda x: x - weight(1)),
    "cat": (IMAGE, lambda x: torch.cat([x, x])),
    "relu": (IMAGE, F.relu),
    "sigmoid": (IMAGE, torch.sigmoid),
    "tanh": (IMAGE, torch.tanh),
    "dropout": (IMAGE, lambda x: F.dropout(x, 0.5)),
    "interpolate": (IMAGE, lambda x: F.interpolate(x, scale_factor=2)),
    "pad": (IMAGE, lambda x: F.pad(x, (1, 1))),
    "sum": (IMAGE, torch.sum),
    "mean": (IMAGE, torch.mean),
    "softmax": (LINE, lambda x: torch.softmax(x, -1)),
    "pixel_shuffle": (IMAGE, lambda x: F.pixel_shuffle(x, 2)),
}


def keeps(function, shape):
    """Whether the input's memory is among what is saved; the input is a product, as in a model."""
    x = torch.rand(shape, requires_grad=True) * torch.ones(())
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda v: saved.append(v) or v, lambda v: v):
        function(x)
    return any(v.untyped_storage().data_ptr() == x.untyped_storage().data_ptr() for v in saved)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *keepers.KEEPS}))
def test_functions(name):
    shape, function = FUNCTIONS[name]
    assert keeps(function, shape) == (name in keepers.KEEPS)


MODULES = [
    (nn.Conv2d(4, 4, 3), IMAGE),
    (nn.ConvTranspose2d(4, 4, 3), IMAGE),
    (nn.Linear(8, 3), LINE),
    (nn.BatchNorm2d(4), IMAGE),
    (nn.InstanceNorm2d(4), IMAGE),
    (nn.GroupNorm(2, 4), IMAGE),
    (nn.LayerNorm(8), LINE),
    (nn.RMSNorm(8), LINE),
    (nn.MaxPool2d(2), IMAGE),
    (nn.AvgPool2d(2), IMAGE),
    (nn.GELU(), LINE),
    (nn.SiLU(), LINE),
    (nn.Mish(), LINE),
    (nn.ELU(), LINE),
    (nn.CELU(), LINE),
    (nn.SELU(), LINE),
    (nn.Softplus(), LINE),
    (nn.LeakyReLU(), LINE),
    (nn.PReLU(), LINE),
    (nn.Hardswish(), LINE),
    (nn.GRU(8, 3), LINE),
    (nn.ReLU(), LINE),
    (nn.Sigmoid(), LINE),
    (nn.Dropout(), LINE),
    (nn.Upsample(scale_factor=2), IMAGE),
    (nn.AdaptiveAvgPool2d(1), IMAGE),
    (nn.ZeroPad2d(1), IMAGE),
    (nn.PixelShuffle(2), IMAGE),
]


@pytest.mark.parametrize(("module", "shape"), MODULES, ids=[repr(each[0]) for each in MODULES])
def test_modules(module, shape):
    assert keeps(module, shape) == keepers.module_keeps(module)


def only_node(function):
    class Once(nn.Module):
        def forward(self, x, y):
            return function(x, y)

    x, *_, last, _ = traced(Once()).graph.nodes
    return x, last


def add_to(x, y):
    x += y
    return x


@pytest.mark.parametrize(
    ("function", "writes", "keeps"),
    [
        (add_to, True, False),
        (lambda x, y: x.mul_(y), True, True),
        (lambda x, y: F.relu(x, inplace=True), True, False),
        (lambda x, y: torch.add(y, 1, out=x), True, False),
        (lambda x, y: y.add_(x), False, False),
        (lambda x, y: x + y, False, False),
        (lambda x, y: x * y, False, True),
        (lambda x, y: y / x, False, True),
        (lambda x, y: 2 * x, False, False),
        (lambda x, y: x @ y, False, True),
        (lambda x, y: operator.matmul(y, x), False, True),
        (lambda x, y: x.__neg__(), False, False),
    ],
)
def test_nodes(function, writes, keeps):
    x, node = only_node(function)
    assert keepers.writes_over(node, x) == writes
    assert keepers.keeps(node, x) == keeps
