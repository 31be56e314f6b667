"""Kernels for training that keeps something smaller than the input of Mish."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mish
import mish.torch
from mish.torch._kept import cuda, formula

ops = torch.ops.mish
X0 = -1.1924312145154952
HALF = (torch.float16, torch.bfloat16)
DTYPES = (*HALF, torch.float32)


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


def numbers(dtype):
    """A third of a 16-bit format, and a sweep of float32."""
    if dtype in HALF:
        x = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
        return x[x.isfinite()][::3]
    spans = (-60, 20, 6001), (-4, 4, 10_001), (-1.3, -1.1, 2001)
    return torch.cat([torch.linspace(*span) for span in spans])


def exact(x, order):
    return torch.from_numpy(np.asarray(mish.derivative(x.to(torch.float64).numpy(), order)))


@pytest.fixture
def x(kernels, dtype):
    return numbers(dtype).to(kernels.device)


def test_marked_outputs(kernels, x, dtype):
    y = kernels.kept.marked(x).cpu()
    x = x.cpu()
    bits = y.view(torch.int16 if dtype.itemsize == 2 else torch.int32)
    negative = x < 0
    assert torch.equal((bits & 1 == 0)[negative], (x.to(torch.float64) < X0)[negative])
    assert torch.equal(y[x == 0], torch.zeros_like(y[x == 0]))
    assert not torch.signbit(y[x == 0]).any()
    # One ulp, and what the kernels of Mish are off by: in float32 the last bit is just set.
    ulps = 1.1 if dtype in HALF else 2
    limits = torch.finfo(dtype)
    error = (y.to(torch.float64) - exact(x, 0)).abs()
    spacing = limits.eps * exact(x, 0).abs().clamp(min=limits.smallest_normal)
    assert (error <= ulps * spacing).all()


def test_slopes(kernels, x, dtype):
    ones = torch.ones_like(x)
    marked, y, sides = kernels.kept.marked(x), ops.mish(x), kernels.kept.sides(x)
    for dx, worst, distance, beyond in (
        (kernels.kept.marked_backward(ones, marked), (1.01e-2, 2.5e-2, 1.6e-4), 0.25, 2.6e-7),
        (kernels.kept.sided_backward(ones, y, sides), (6.8e-3, 1.7e-2, 7.1e-5), 0.1, 2.6e-7),
    ):
        errors = (dx.cpu().to(torch.float64) - exact(x.cpu(), 1)).abs()
        assert errors.max() < worst[DTYPES.index(dtype)]
        if dtype == torch.float32:
            assert errors[(x.cpu() - X0).abs() > distance].max() < beyond


def test_the_left_end_is_right_to_some_digits_of_itself(kernels):
    x = torch.linspace(-80, -3, 1001, device=kernels.device)
    dx = kernels.kept.sided_backward(torch.ones_like(x), ops.mish(x), kernels.kept.sides(x))
    expected = exact(x.cpu(), 1)
    torch.testing.assert_close(dx.cpu().to(torch.float64), expected, rtol=3e-6, atol=0)


@pytest.mark.parametrize("size", [0, 9, 2049])
def test_packed_as_operations_pack(kernels, dtype, size):
    torch.manual_seed(size)
    x = torch.randn(size).to(dtype).to(kernels.device)
    dy = torch.randn(size).to(dtype).to(kernels.device)
    assert torch.equal(kernels.kept.sides(x), formula.sides(x))
    for bits in (1, 2, 3, 4):
        codes = kernels.kept.codes(x, bits)
        differ = codes != formula.codes(x, bits)  # a slope may lie on a border
        assert codes.shape == differ.shape
        assert differ.sum() <= size / 300
        got = kernels.kept.coded_backward(dy, codes, bits)
        assert torch.equal(got, formula.coded_backward(dy, codes, bits))


def test_layouts(kernels, layout):
    if layout.numel() > 10_000 and kernels.device == "cpu":
        pytest.skip("takes long in the interpreter")
    x = layout.to(kernels.device)
    y, sides = kernels.kept.marked(x), kernels.kept.sides(x)
    assert y.stride() == torch.empty_like(x).stride()
    dy = torch.randn(x.shape, device=x.device)
    expected = dy * mish.torch.derivative(x)
    for dx in (
        kernels.kept.marked_backward(dy, y),
        kernels.kept.sided_backward(dy, torch.empty_like(y).copy_(mish.torch.mish(x)), sides),
    ):
        torch.testing.assert_close(dx, expected, rtol=0, atol=1e-3)
    z = x.clone(memory_format=torch.preserve_format)
    kernels.kept.marked_inplace(z)
    assert torch.equal(z, y)


def test_operators_are_these(kernels, call, monkeypatch):
    x = torch.linspace(-4, 4, 101, device=kernels.device)
    monkeypatch.setattr(cuda, "_kernels", lambda *tensors: kernels.kept)
    y = kernels.kept.marked(x)
    z = x.clone()
    call("mish::marked_", z)
    sides, codes = kernels.kept.sides(x), kernels.kept.codes(x, 2)
    for got, expected in (
        (call("mish::marked", x), y),
        (z, y),
        (call("mish::marked_backward", x, y), kernels.kept.marked_backward(x, y)),
        (call("mish::sides", x), sides),
        (call("mish::sided_backward", x, y, sides), kernels.kept.sided_backward(x, y, sides)),
        (call("mish::codes", x, 2), codes),
        (call("mish::coded_backward", x, codes, 2), kernels.kept.coded_backward(x, codes, 2)),
    ):
        assert torch.equal(got, expected)
    with pytest.raises(ValueError, match="bits must be 1, 2, 3 or 4, not 5"):
        call("mish::codes", x, 5)
    with pytest.raises(ValueError, match="dy must have the shape of y"):
        call("mish::marked_backward", x[:5], y)


def test_what_kernels_do_not_serve_goes_to_operations(kernels, call):
    x = torch.linspace(-4, 4, 101, dtype=torch.float64, device=kernels.device)
    assert torch.equal(call("mish::marked", x), formula.marked(x))
    y = formula.marked(x)
    assert torch.equal(call("mish::marked_backward", x, y), formula.marked_backward(x, y))
