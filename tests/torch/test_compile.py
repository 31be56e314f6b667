"""torch.compile and torch.export."""

from __future__ import annotations

import contextlib

import pytest
import torch
import torch.nn.functional as F
from torch._dynamo.testing import CompileCounterWithBackend

import mish
import mish.torch

# PyTorch itself runs into these.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

X = torch.cat([torch.linspace(-104, 30, 4001), torch.tensor([-1e4, 1e4, 3e38])])


@pytest.fixture(autouse=True)
def _forget():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def ulps(got, order):
    truth = torch.from_numpy(mish.derivative(X.double().numpy(), order))
    spacing = torch.nextafter(truth.float().abs(), torch.tensor(torch.inf)) - truth.float().abs()
    return float(((got - truth).abs() / spacing).max())


def largest_error(got, order):
    return float((got - torch.from_numpy(mish.derivative(X.double().numpy(), order))).abs().max())


def forward_and_backward(function):
    compiled = torch.compile(function, fullgraph=True, dynamic=True)
    x = X.clone().requires_grad_()
    y = compiled(x)
    y.sum().backward()
    return compiled, y.detach(), x.grad


def test_compiled_without_graph_break_for_any_shape():
    counter = CompileCounterWithBackend("inductor")
    compiled = torch.compile(
        lambda x: mish.torch.mish(x * 1) + mish.torch.mish(x.clone(), inplace=True),
        fullgraph=True,
        dynamic=True,
        backend=counter,
    )
    for shape in ((4, 5), (7, 3), (6, 2)):
        x = torch.randn(shape)
        torch.testing.assert_close(compiled(x), 2 * mish.torch.mish(x), rtol=1e-6, atol=1e-7)
    assert counter.frame_count == 1


def test_compiled_forward_and_backward_are_accurate():
    _, y, gradient = forward_and_backward(mish.torch.mish)
    assert ulps(y, 0) <= 5.5
    assert largest_error(gradient, 1) <= 7e-7
    tail = X < -17
    assert torch.equal(gradient[tail] < 0, torch.from_numpy(mish.mish_d1(X.numpy()))[tail] < 0)


def test_accelerated_compiled_is_the_formula_and_ends():
    _, plain, plain_gradient = forward_and_backward(lambda x: F.mish(x) * 1)
    torch._dynamo.reset()
    with mish.torch.accelerate():
        _, ours, gradient = forward_and_backward(lambda x: F.mish(x) * 1)
    assert not torch.equal(plain_gradient, gradient)  # although the same graph was cached before
    assert ulps(ours, 0) <= 5.5
    assert largest_error(gradient, 1) <= 7e-7
    torch._dynamo.reset()
    _, again, again_gradient = forward_and_backward(lambda x: F.mish(x) * 1)
    assert torch.equal(plain, again)
    assert torch.equal(plain_gradient, again_gradient)


def test_half_precision_is_rounded_once():
    x = torch.linspace(-12, 12, 1001).to(torch.bfloat16)
    compiled = torch.compile(mish.torch.mish, fullgraph=True)
    assert torch.equal(compiled(x), mish.torch.mish(x))


def test_one_loop_with_its_neighbours():
    from torch._inductor.utils import run_and_get_code

    compiled = torch.compile(lambda x: mish.torch.mish(x * 2 + 1) - x, fullgraph=True)
    _, (code,) = run_and_get_code(compiled, torch.randn(64))
    assert code.count('extern "C"') == 1
    assert "torch.ops.mish" not in code


def test_func_grad_compiled():
    compiled = torch.compile(torch.func.grad(lambda x: mish.torch.mish(x).sum()), fullgraph=True)
    assert largest_error(compiled(X), 1) <= 7e-7


def test_export():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), mish.torch.Mish())
    x = torch.randn(3, 4)
    program = torch.export.export(
        model, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=True
    )
    targets = [node.target for node in program.graph.nodes]
    assert torch.ops.aten.mish.default in targets
    for rows in (3, 5):
        x = torch.randn(rows, 4)
        torch.testing.assert_close(program.module()(x), model(x))
        with mish.torch.accelerate():
            assert torch.equal(program.module()(x), model(x))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_infinities_have_one_answer():
    """Eager, compiled, exported and decomposed."""
    x = torch.tensor([-torch.inf, torch.inf, torch.nan])

    class Model(torch.nn.Module):
        def forward(self, x):
            return F.mish(x)

    def decomposed():
        return torch.export.export(Model(), (x,)).run_decompositions().module()(x)

    with mish.torch.accelerate():
        for y in (F.mish(x), torch.compile(F.mish)(x), decomposed()):
            assert str(y.tolist()) == "[-0.0, inf, nan]"
    assert torch.isnan(decomposed()[0])


FUNCTIONS = {
    "mish": mish.torch.mish,
    "derivative": lambda x: mish.torch.derivative(x, 0),
    "F.mish": F.mish,
}


@pytest.mark.parametrize("accelerated", [False, True])
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
@torch._dynamo.config.patch(compiled_autograd=True)
def test_compiled_autograd(truth, function, order, accelerated):
    """A graph that was recorded in eager mode, and its backward pass compiled."""
    with mish.torch.accelerate() if accelerated else contextlib.nullcontext():
        x = torch.tensor([-20.0, -1, 0, 2, 8], requires_grad=True)
        y = FUNCTIONS[function](x)
        if order == 2:
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        torch.compile(lambda y: y.sum().backward(), backend="aot_eager")(y)
    # PyTorch's own second derivative is lost in the tail.
    tolerance = 1e-4 if function == "F.mish" and not accelerated else 2e-7
    torch.testing.assert_close(x.grad, truth(x, order), rtol=tolerance, atol=tolerance / 20)
