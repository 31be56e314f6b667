"""Tensors of every dtype, layout and size through the kernels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mish

ORDERS = (0, 1, 2, 3)


def _numbers(count, dtype, device, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(count, generator=generator) * 4).to(dtype).to(device)


def _truth(x, order):
    wide = x.detach().cpu().to(torch.float64).numpy()
    return torch.from_numpy(np.asarray(mish.derivative(wide, order)))


def _assert_near(y, truth, ulps=1):
    """Within some ulps; the tests of accuracy look closer."""
    least = torch.finfo(y.dtype).smallest_normal * torch.finfo(y.dtype).eps
    step = ulps * torch.finfo(y.dtype).eps
    torch.testing.assert_close(y.cpu().to(torch.float64), truth, rtol=step, atol=least)


@pytest.fixture
def x(layout, kernels):
    if layout.numel() > 10_000 and kernels.device == "cpu":
        pytest.skip("takes long in the interpreter")
    return layout.to(kernels.device)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_sizes_about_a_block(kernels, dtype, order, beyond):
    x = _numbers(kernels.launch.block_for(dtype) + beyond, dtype, kernels.device)
    _assert_near(kernels.launch.derivative(x, order), _truth(x, order))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 17, 5000])
def test_sizes(kernels, dtype, size):
    x, dy = (_numbers(size, dtype, kernels.device, seed) for seed in (0, 1))
    _assert_near(kernels.launch.derivative(x, 0), _truth(x, 0))
    dx = kernels.launch.backward(dy, x)
    _assert_near(dx, dy.cpu().to(torch.float64) * _truth(x, 1), ulps=2)


def test_nothing_beyond_the_end_is_written(kernels, dtype):
    size = kernels.launch.block_for(dtype) + 5
    room = torch.full((size + 64,), 7.0, dtype=dtype, device=kernels.device)
    x = _numbers(size, dtype, kernels.device)
    kernels.launch.mish_into(room[:size], x)
    assert torch.equal(room[size:].cpu(), torch.full((64,), 7.0, dtype=dtype))
    assert torch.equal(room[:size], kernels.launch.derivative(x, 0))


def test_addresses_that_are_no_multiples_of_16(kernels, dtype):
    x = _numbers(1100, dtype, kernels.device)[3:]
    assert torch.equal(kernels.launch.derivative(x, 0), kernels.launch.derivative(x.clone(), 0))


@pytest.mark.parametrize("order", ORDERS)
def test_layouts(kernels, x, order):
    y = kernels.launch.derivative(x, order)
    assert (y.shape, y.stride()) == (x.shape, torch.empty_like(x).stride())
    assert torch.equal(y, kernels.launch.derivative(x.contiguous(), order))
    _assert_near(y, _truth(x, order))


def test_layouts_backward(kernels, x):
    plain = kernels.launch.backward(torch.ones_like(x), x)
    assert plain.stride() == torch.empty_like(x).stride()
    assert torch.equal(plain, kernels.launch.derivative(x, 1))
    dy = torch.arange(x.numel(), dtype=torch.float32, device=x.device).reshape(x.shape)
    assert torch.equal(kernels.launch.backward(dy, x), dy * plain)
    broadcast = torch.full((), 3.0, device=x.device).expand(x.shape)
    assert torch.equal(kernels.launch.backward(broadcast, x), 3 * plain)


def test_layouts_in_place(kernels, x):
    expected = kernels.launch.derivative(x, 0)
    if 0 in x.stride() and x.numel() > x.unique().numel():
        with pytest.raises(RuntimeError, match="single memory location"):
            kernels.launch.mish_into(x, x)
        return
    kernels.launch.mish_into(x, x)
    assert torch.equal(x, expected)


def test_indices_of_64_bits(kernels, dtype):
    """The same numbers as with 32 bits; arrays that need them do not fit everywhere."""
    x = _numbers(3000, dtype, kernels.device)
    results = []
    for wide in (False, True):
        y = torch.empty_like(x)
        block = kernels.launch.block_for(dtype)
        kernels.pointwise.unary[(-(-x.numel() // block),)](
            y,
            x,
            x.numel(),
            function=kernels.launch.function_for(dtype, 0),
            block=block,
            wide=wide,
            **kernels.launch.options(),
        )
        results.append(y)
    assert torch.equal(*results)


def test_64_bits_begin_where_32_end(kernels, monkeypatch):
    """Of the last program too, which goes beyond the end, each index fits."""
    largest = kernels.launch.NARROW + max(map(kernels.launch.block_for, kernels.launch.DTYPES))
    assert largest < 2**31
    seen = []

    class Recorder:
        def __getitem__(self, grid):
            return lambda *arrays, wide, **rest: seen.append((grid, wide))

    monkeypatch.setattr(kernels.pointwise, "unary", Recorder())
    for size in (kernels.launch.NARROW, kernels.launch.NARROW + 1):
        fake = torch.empty(size, dtype=torch.float16, device="meta")
        kernels.launch._run(kernels.pointwise.unary, 0, fake, fake)
    assert [wide for _, wide in seen] == [False, True]


def test_results_are_new_and_inputs_stay(kernels, dtype):
    x = _numbers(100, dtype, kernels.device)
    before = x.clone()
    y = kernels.launch.derivative(x, 0)
    dx = kernels.launch.backward(x, x)
    assert len({each.data_ptr() for each in (x, y, dx)}) == 3
    assert torch.equal(x, before)
