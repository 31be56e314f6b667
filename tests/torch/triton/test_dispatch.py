"""The operators' kernels for CUDA: which run, and what is left to others.

Where there is no GPU, tensors of the CPU go through the kernels that are registered for CUDA.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
import triton

import mish.torch
from mish.torch import _cuda, _ops
from mish.torch._fused import ops


@pytest.fixture
def x(kernels):
    return torch.linspace(-110, 30, 4001, device=kernels.device)


def test_operators_are_ours(kernels, call, x):
    launch = kernels.launch
    dy = torch.linspace(-3, 3, 4001, device=x.device)
    assert torch.equal(call("mish::mish", x), launch.derivative(x, 0))
    for order in range(4):
        assert torch.equal(call("mish::derivative", x, order), launch.derivative(x, order))
    assert torch.equal(call("mish::backward", dy, x), launch.backward(dy, x))
    y = x.clone()
    call("mish::mish_", y)
    assert torch.equal(y, launch.derivative(x, 0))


def test_what_kernels_do_not_serve_goes_to_the_formula(kernels, call, x):
    assert torch.equal(call("mish::derivative", x, 5), _ops.derivative_formula(x, 5))
    dy = torch.ones(4001, dtype=torch.float64, device=x.device)
    assert torch.equal(call("mish::backward", dy, x), _ops.backward_formula(dy, x))
    with pytest.raises(NotImplementedError, match="int64"):
        call("mish::mish", torch.ones(3, dtype=torch.int64, device=x.device))
    with pytest.raises(ValueError, match="order"):
        call("mish::derivative", x, -1)
    with pytest.raises(ValueError, match="shape"):
        call("mish::backward", x[:5], x)


def test_without_triton_the_formula_serves(kernels, call, x, monkeypatch):
    monkeypatch.setattr(_cuda, "_launch", lambda: None)
    assert torch.equal(call("mish::mish", x), _ops.mish_formula(x))
    assert torch.equal(call("mish::derivative", x, 2), _ops.derivative_formula(x, 2))
    assert torch.equal(call("mish::backward", x, x), _ops.backward_formula(x, x))
    y = x.clone()
    call("mish::mish_", y)
    assert torch.equal(y, _ops.mish_formula(x))


@pytest.fixture
def aten(kernels, monkeypatch):
    """Our kernels for CUDA in front of aten's, as `accelerate` puts them where there is CUDA.

    Elsewhere PyTorch has none that they could replace; those for the CPU stand for them.
    """
    if kernels.device == "cpu":
        get = torch.library.get_kernel
        monkeypatch.setattr(torch.library, "get_kernel", lambda name, key: get(name, "CPU"))
    _cuda.register_aten()


# The tail, where PyTorch's own loses the derivative.
TAIL = -100.0


def test_accelerate_takes_and_gives_back(kernels, aten, call, x):
    tail, ones = torch.full((4,), TAIL, device=x.device), torch.ones(4, device=x.device)

    def is_ours():
        return bool((call("aten::mish_backward", ones, tail) < 0).all())

    assert not is_ours()
    with mish.torch.accelerate():
        assert is_ours()
        with mish.torch.accelerate():
            pass
        assert is_ours()
    assert not is_ours()
    theirs = call("aten::mish", x)
    torch.testing.assert_close(theirs, F.mish(x), rtol=0, atol=0)


def test_every_variant_is_ours_while_accelerated(kernels, aten, call, x):
    expected = kernels.launch.derivative(x, 0)
    dy = torch.linspace(-3, 3, 4001, device=x.device)
    with mish.torch.accelerate():
        assert torch.equal(call("aten::mish", x), expected)
        assert torch.equal(call("aten::mish_backward", dy, x), kernels.launch.backward(dy, x))
        y = x.clone()
        assert call("aten::mish_", y) is y
        assert torch.equal(y, expected)
        for out in (torch.empty_like(x), x.clone()):
            assert call("aten::mish.out", x, out=out) is out
            assert torch.equal(out, expected)
        y = x.clone()
        call("aten::mish.out", y, out=y)
        assert torch.equal(y, expected)


def test_out_is_ours_only_where_no_check_is_missed():
    x = torch.randn(4, 6)
    assert _cuda._replaces(x, x)
    assert _cuda._replaces(torch.empty(4, 6), x)
    for other in (
        torch.empty(24),
        torch.empty(6, 4).t(),
        torch.empty(4, 6, dtype=torch.float64),
    ):
        assert not _cuda._replaces(other, x)
    memory = torch.empty(30)
    assert not _cuda._replaces(memory[1:25].view(4, 6), memory[:24].view(4, 6))


def test_other_dtypes_go_to_pytorch(kernels, aten, call):
    numbers = torch.ones(3, dtype=torch.int64, device=kernels.device)
    errors = []
    for context in (mish.torch.accelerate, torch.no_grad):
        with context(), pytest.raises(NotImplementedError) as caught:
            call("aten::mish", numbers)
        errors.append(str(caught.value).split("\n", maxsplit=1)[0])
    assert errors[0] == errors[1]


def test_gradients_of_all_orders(kernels, x):
    if kernels.device != "cuda":
        pytest.skip("autograd picks the kernel by the tensor's device")
    x = x.clone().requires_grad_()
    with mish.torch.accelerate():
        y = F.mish(x)
        for order in range(1, 4):
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            torch.testing.assert_close(
                y, kernels.launch.derivative(x.detach(), order), rtol=3e-7, atol=1e-45
            )


def test_autocast_and_scaler(kernels):
    if kernels.device != "cuda":
        pytest.skip("needs a GPU")
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Mish()).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cuda")
    with mish.torch.accelerate():
        with torch.autocast("cuda", dtype=torch.float16):
            y = model(torch.randn(4, 8, device="cuda"))
        assert y.dtype == torch.float16
        scaler.scale(y.sum()).backward()
        scaler.step(optimizer)
    assert all(each.grad.isfinite().all() for each in model.parameters())


def test_cuda_graphs(kernels):
    if kernels.device != "cuda":
        pytest.skip("needs a GPU")
    x = torch.randn(5000, device="cuda")
    torch.ops.mish.mish(x)  # compiles
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = torch.ops.mish.mish(x)
    x.copy_(torch.linspace(-20, 20, 5000))
    graph.replay()
    assert torch.equal(y, torch.ops.mish.mish(x))


def test_several_devices(kernels):
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    x = torch.randn(5000, device="cuda:1")
    assert torch.equal(torch.ops.mish.mish(x).cpu(), torch.ops.mish.mish(x.to("cuda:0")).cpu())


def test_import_loads_no_triton_and_starts_no_cuda():
    show = (
        "import sys, torch; before = set(sys.modules); import mish.torch; mish.torch.accelerate();"
        "new = set(sys.modules) - before;"
        "assert not any(name.partition('.')[0] == 'triton' for name in new), new;"
        "assert not torch.cuda.is_initialized()"
    )
    subprocess.run([sys.executable, "-c", show], check=True)


@pytest.mark.parametrize(
    ("version", "fused"), [("3.4.0", False), ("3.5.0+git1", True), ("4.0", True)]
)
def test_old_versions_of_triton_do_not_fuse(kernels, monkeypatch, version, fused):
    monkeypatch.setattr(triton, "__version__", version)
    found = ops._fused_kernels(torch.ones(2, 2, 2, device=kernels.device))
    assert (found is not None) == fused
