"""mish.torch.mish and derivative: values, layouts, dtypes, in place, threads."""

from __future__ import annotations

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import mish
import mish.torch

NUMPY = {
    torch.float16: np.dtype(np.float16),
    torch.bfloat16: np.dtype(ml_dtypes.bfloat16),
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}


def to_torch(array, dtype):
    signed = array.view(f"i{array.itemsize}").copy()
    return torch.from_numpy(signed).view(dtype)


def bits(tensor):
    return tensor.view({2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.dtype.itemsize])


@pytest.fixture(params=NUMPY, ids=str)
def dtype(request):
    return request.param


def test_bits_are_those_of_the_ufuncs(function, dtype, loops):
    (loop,) = (each for each in loops if each.ufunc is mish.mish and each.dtype == NUMPY[dtype])
    (x,) = loop.inputs(20_000)
    expected = to_torch(mish.mish(x), dtype)
    assert torch.equal(bits(function(to_torch(x, dtype))), bits(expected))


@pytest.mark.parametrize("order", range(6))
def test_derivative_is_that_of_numpy(dtype, order):
    x = torch.linspace(-30, 30, 1001).to(dtype)
    got = mish.torch.derivative(x, order)
    wide = x.to(torch.float64) if dtype.itemsize == 2 else x
    expected = torch.from_numpy(mish.derivative(wide.numpy(), order)).to(dtype)
    assert got.dtype == dtype
    assert torch.equal(got, expected)


@pytest.mark.parametrize("order", range(9))
def test_derivative_of_one_number(dtype, order, truth):
    x = torch.tensor(1.0, dtype=dtype)
    got = mish.torch.derivative(x, order)
    assert (got.shape, got.dtype) == (x.shape, dtype)
    assert torch.equal(got, truth(x, order))


def test_fourth_derivative_of_one_number_by_repeated_backward(function):
    x = torch.tensor(1.0, requires_grad=True)
    y = function(x)
    for _ in range(4):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
    torch.testing.assert_close(y.detach(), torch.tensor(0.46635154), rtol=2e-7, atol=0)


@pytest.mark.parametrize(("order", "like"), [(2, F.mish), (5, torch.empty_like)])
def test_layouts_of_derivatives(layout, order, like, truth):
    got = mish.torch.derivative(layout, order)
    assert got.stride() == like(layout).stride()
    torch.testing.assert_close(got, truth(layout, order), rtol=2e-7, atol=0)


def negative():
    """A view that has the opposite of the numbers in its memory."""
    x = torch.complex(torch.zeros(3, 4), torch.linspace(-3, 3, 12).reshape(3, 4)).conj().imag
    assert x.is_neg()
    return x


def test_negative_views(function):
    x = negative()
    plain = x.resolve_neg()
    assert torch.equal(function(x), function(plain))
    for op in (mish.torch.derivative, lambda x: mish.torch.derivative(x, 4)):
        assert torch.equal(op(x), op(plain))
    assert torch.equal(torch.ops.mish.backward(x, x), torch.ops.mish.backward(plain, plain))
    leaf = x.detach().requires_grad_()
    function(leaf).sum().backward()
    assert torch.equal(leaf.grad, mish.torch.derivative(plain))


def test_negative_views_in_place(function):
    x = negative()
    expected = function(x.resolve_neg())
    assert function(x, inplace=True) is x
    assert x.is_neg()
    assert torch.equal(x, expected)
    recorded = negative().detach().requires_grad_() * 1
    torch.testing.assert_close(function(recorded, inplace=True), expected)


def test_negative_views_of_the_operator_in_place():
    x = negative()
    expected = mish.torch.mish(x)
    torch.ops.mish.mish_(x)
    assert torch.equal(x, expected)


def test_layouts_keep_values_and_strides(function, layout):
    expected = F.mish(layout.to(torch.float64)).to(layout.dtype)
    got = function(layout)
    torch.testing.assert_close(got, expected, rtol=2e-7, atol=0)
    assert got.stride() == F.mish(layout).stride()


def test_layouts_of_the_backward_pass(function, layout):
    x = layout.detach().requires_grad_()
    dy = torch.empty_like(function(x)).normal_()
    (got,) = torch.autograd.grad(function(x), x, dy)
    expected = dy.double() * mish.torch.derivative(layout.double(), 1)
    torch.testing.assert_close(got, expected.to(got.dtype), rtol=2e-7, atol=1e-44)


def test_backward_of_a_sum_whose_gradient_is_one_number_expanded(function, layout, truth):
    x = layout.detach().requires_grad_()
    function(x).sum().backward()
    torch.testing.assert_close(x.grad, truth(layout, 1), rtol=2e-7, atol=0)


def test_gradient_in_another_layout(function, truth):
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    dy = torch.randn(2, 3, 4, 5)
    (got,) = torch.autograd.grad(function(x), x, dy)
    torch.testing.assert_close(got, dy * truth(x, 1), rtol=1e-6, atol=1e-7)


def test_inplace_writes_into_the_input(function, layout):
    expected = function(layout)
    target = layout.clone(memory_format=torch.preserve_format)
    assert function(target, inplace=True) is target
    torch.testing.assert_close(target, expected, rtol=2e-7, atol=0)


def test_inplace_on_a_slice_leaves_the_rest(function):
    base = torch.randn(6, 8)
    before = base.clone()
    function(base[::2, 1:7:3], inplace=True)
    expected = before.clone()
    expected[::2, 1:7:3] = F.mish(before[::2, 1:7:3])
    torch.testing.assert_close(base, expected, rtol=1e-6, atol=0)
    assert torch.equal(base[1::2], before[1::2])


def test_inplace_is_noticed_by_autograd(function):
    weight = torch.randn(3, requires_grad=True)
    x = torch.randn(3)
    y = (weight * x).sum()
    function(x, inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_inplace_on_a_leaf_that_requires_grad_fails_as_in_pytorch(function):
    x = torch.randn(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        function(x, inplace=True)


def test_inplace_gradient_is_that_of_the_values_before(function, truth):
    x = torch.randn(50, requires_grad=True)
    y = x * 1
    function(y, inplace=True).sum().backward()
    torch.testing.assert_close(x.grad, truth(x, 1), rtol=2e-7, atol=0)


def test_requires_grad_rules(function):
    x = torch.randn(3)
    assert not function(x).requires_grad
    x.requires_grad_()
    assert function(x).requires_grad
    with torch.no_grad():
        assert not function(x).requires_grad
    assert not function(x.detach()).requires_grad
    with torch.inference_mode():
        y = function(torch.randn(3))
        assert y.is_inference()
        function(y, inplace=True)


def test_meta_tensors(function):
    x = torch.empty(2, 3, 4, 5, device="meta").to(memory_format=torch.channels_last)
    y = function(x)
    assert (y.device.type, y.shape, y.stride()) == ("meta", x.shape, x.stride())
    assert function(x, inplace=True) is x
    assert mish.torch.derivative(x, 2).shape == x.shape


def test_fake_tensors(function):
    with torch._subclasses.FakeTensorMode():
        x = torch.randn(2, 3).t()
        y = function(x)
        assert (y.shape, y.stride(), y.dtype) == (x.shape, x.stride(), x.dtype)


def test_autocast_keeps_the_dtype_of_the_input(function):
    weight = torch.randn(4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = torch.randn(4) @ weight
        assert hidden.dtype == torch.bfloat16
        assert function(hidden).dtype == torch.bfloat16
        assert function(torch.randn(4)).dtype == torch.float32


def test_subclasses_see_the_call():
    class Logged(torch.Tensor):
        calls = 0

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            cls.calls += 1
            return super().__torch_function__(func, types, args, kwargs or {})

    x = torch.randn(3).as_subclass(Logged)
    y = mish.torch.mish(x)
    assert isinstance(y, Logged)
    assert Logged.calls > 0


THREADS = """
import os, torch, torch.nn.functional as F, mish.torch
def threads():
    return len(os.listdir("/proc/self/task"))
x = torch.randn(1 << 20)
mish.torch.accelerate()
torch.set_num_threads(1)
for call in (F.mish, mish.torch.mish, lambda x: torch.ops.mish.backward(x, x)):
    before = threads()
    call(x)
    print(threads() - before)
torch.set_num_threads(2)
before = threads()
F.mish(x)
print(threads() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_number_of_threads_is_pytorchs():
    run = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, check=False, text=True
    )
    assert run.stderr == ""
    assert [int(each) for each in run.stdout.split()] == [0, 0, 0, 1]


def test_bits_do_not_depend_on_threads(function):
    x = torch.randn(1 << 19)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = function(x)
        torch.set_num_threads(3)
        assert torch.equal(function(x), one)
    finally:
        torch.set_num_threads(threads)
