"""The kernels of bias, batch and group normalisation with Mish, against the plain operations."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest
import torch

from mish.torch._fused import ops

# (samples, channels, places), groups: one tile, odd sizes, one place; and several tiles, which take
# the interpreter long.
SMALL = [((2, 8, 16), 2), ((3, 6, 5), 3), ((5, 32, 1), 2)]
LARGE = [((1, 4, 2100), 1), ((1, 96, 90), 1)]
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
LAYOUTS = ["first", "last", "strided"]
GIVEN = ["both", "bias", "weight"]


class Case(NamedTuple):
    """Numbers of a dtype in a layout, and which of weight and bias there are."""

    shape: tuple[int, ...]
    groups: int
    dtype: torch.dtype
    layout: str
    given: str

    def __str__(self):
        kind = str(self.dtype).removeprefix("torch.")
        return f"{'x'.join(map(str, self.shape))}-{kind}-{self.layout}-{self.given}"


def _pairs():
    """Cases in which any two of shape, dtype, layout and what is given meet; large ones float32."""
    for i, (shape, groups) in enumerate(SMALL):
        for j, dtype in enumerate(DTYPES):
            yield Case(shape, groups, dtype, LAYOUTS[(i + j) % 3], GIVEN[(i + 2 * j) % 3])
    for i, (shape, groups) in enumerate(LARGE):
        for j, layout in enumerate(LAYOUTS):
            yield Case(shape, groups, torch.float32, layout, GIVEN[(i + j) % 3])


def _all():
    for (shape, groups), *rest in itertools.product(SMALL + LARGE, DTYPES, LAYOUTS, GIVEN):
        yield Case(shape, groups, *rest)


CASES = list(_all() if torch.cuda.is_available() else _pairs())


def _numbers(shape, dtype, device, seed):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return x.to(dtype).to(device)


def _laid_out(x, layout):
    if layout == "last":
        return x.transpose(1, 2).contiguous().transpose(1, 2)
    if layout == "strided":
        return torch.stack([x, x], -1)[..., 0]
    return x


def _close(ours, exact, dtype, ulps):
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(
        ours.cpu().double(), exact, rtol=ulps * eps, atol=ulps * eps * float(exact.abs().max())
    )


def _inputs(case, device):
    """x, dy, weight and bias of a case."""
    x, dy = (_numbers(case.shape, case.dtype, device, seed) for seed in (0, 1))
    weight, bias = (_numbers(case.shape[1:2], case.dtype, device, seed) for seed in (2, 3))
    return x, dy, weight, bias


@pytest.mark.parametrize("case", CASES, ids=str)
def test_affine(kernels, case):
    x, dy, scale, shift = _inputs(case, kernels.device)
    if case.given == "bias":
        scale = None
    wide = [None if v is None else v.cpu().double() for v in (x, scale, shift)]
    x = _laid_out(x, case.layout)
    y = kernels.fused.affine(x, scale, shift)
    assert y.dtype == case.dtype
    _close(y, ops._affine_mish(*wide), case.dtype, 2)
    found = kernels.fused.affine_backward(dy, x, scale, shift)
    exact = ops._affine_backward(dy.cpu().double(), *wide)
    _close(found[0], exact[0], case.dtype, 8)
    kind = torch.promote_types(case.dtype, torch.float32)
    for ours, sums in zip(found[1:], exact[1:], strict=True):
        assert ours.dtype == kind
        _close(ours, sums, kind, 40)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_group_norm(kernels, case):
    _check_group_norm(kernels, case)


@pytest.mark.parametrize(
    "case",
    [
        Case((2, 10, 6), 2, dtype, layout, GIVEN[(i + 2 * j) % 3])
        for i, layout in enumerate(LAYOUTS[:2])
        for j, dtype in enumerate(DTYPES)
    ],
    ids=str,
)
def test_group_norm_in_loops(kernels, monkeypatch, case):
    """As if the groups were too large for registers, in tiles smaller than they are."""
    small = kernels.fused.plans._tiling
    monkeypatch.setattr(kernels.fused.plans, "in_registers", lambda *_: None)
    monkeypatch.setattr(
        kernels.fused.plans, "one_by_one", lambda rows, columns, *_: (small(rows, columns, 4, 4), 1)
    )
    _check_group_norm(kernels, case)


def _check_group_norm(kernels, case):
    x, dy, weight, bias = _inputs(case, kernels.device)
    kind = torch.promote_types(case.dtype, torch.float32)
    a, b = (
        value if case.given in ("both", name) else None
        for name, value in (("weight", weight), ("bias", bias))
    )
    wide = [None if v is None else v.cpu().double() for v in (x, a, b)]
    x = _laid_out(x, case.layout)
    found = kernels.fused.group_norm_forward(x, a, b, case.groups, 1e-5)
    exact = ops._group_norm_mish(*wide, case.groups, 1e-5)
    assert found[0].dtype == case.dtype
    _close(found[0], exact[0], case.dtype, 8 if case.dtype.itemsize > 2 else 2)
    for ours, statistics in zip(found[1:], exact[1:], strict=True):
        assert ours.dtype == kind
        _close(ours, statistics, kind, 8)
    found = kernels.fused.group_norm_backward(dy, x, *found[1:], a, b, case.groups)
    exact = ops._group_norm_backward(dy.cpu().double(), wide[0], *exact[1:], *wide[1:], case.groups)
    _close(found[0], exact[0], case.dtype, 16)
    for ours, sums in zip(found[1:], exact[1:], strict=True):
        _close(ours, sums, kind, 40)


def test_memory_format_stays(kernels):
    x = _laid_out(_numbers((2, 8, 16), torch.float32, kernels.device, 0), "last")
    bias = _numbers((8,), torch.float32, kernels.device, 1)
    y = kernels.fused.affine(x, None, bias)
    z, mean, rstd = kernels.fused.group_norm_forward(x, None, bias, 2, 1e-5)
    dx = kernels.fused.group_norm_backward(y, x, mean, rstd, None, bias, 2)[0]
    for each in (y, z, dx, kernels.fused.affine_backward(y, x, None, bias)[0]):
        assert each.stride() == x.stride()


@pytest.mark.parametrize("places", [64, 4200, 16384])  # one tile, several, loops
def test_a_large_mean(kernels, places):
    """It is rounded to float32, by 5e-4 here; nothing else is lost."""
    x = _numbers((1, 2, places), torch.float32, kernels.device, 0) + 1e4
    y, mean, rstd = kernels.fused.group_norm_forward(x, None, None, 1, 1e-5)
    wide = x.cpu().double().unflatten(1, (1, 2))
    deviation = wide - mean.cpu().double()[..., None, None]
    torch.testing.assert_close(mean.cpu().double(), wide.mean((2, 3)), rtol=1e-7, atol=0)
    variance = wide.var((2, 3), unbiased=False)
    torch.testing.assert_close(rstd.cpu().double(), (variance + 1e-5) ** -0.5, rtol=1e-6, atol=0)
    z = (deviation * rstd.cpu().double()[..., None, None]).flatten(1, 2)
    torch.testing.assert_close(y.cpu().double(), ops.affine_operations(z, None, z[0, :, 0] * 0))


def test_empty(kernels):
    x = torch.empty(0, 4, 3, device=kernels.device)
    bias = torch.ones(4, device=kernels.device)
    assert kernels.fused.affine(x, None, bias).shape == x.shape
    y, mean, rstd = kernels.fused.group_norm_forward(x, bias, bias, 2, 1e-5)
    found = kernels.fused.group_norm_backward(y, x, mean, rstd, bias, bias, 2)
    found += kernels.fused.affine_backward(y, x, None, bias)
    assert [each.shape for each in found] == [x.shape, (4,), (4,)] * 2
    assert not torch.stack(found[1:3] + found[4:]).any()


@pytest.mark.parametrize("layout", LAYOUTS[:2])
@pytest.mark.parametrize("loops", [False, True], ids=["registers", "loops"])
def test_indices_of_64_bits(kernels, monkeypatch, layout, loops):
    if loops:
        monkeypatch.setattr(kernels.fused.plans, "in_registers", lambda *_: None)
    x, dy = (_numbers((3, 8, 24), torch.float32, kernels.device, seed) for seed in (0, 1))
    weight, bias = (_numbers((8,), torch.float32, kernels.device, seed) for seed in (2, 3))
    x = _laid_out(x, layout)

    def results():
        y, mean, rstd = kernels.fused.group_norm_forward(x, weight, bias, 2, 1e-5)
        return (
            y,
            *kernels.fused.group_norm_backward(dy, x, mean, rstd, weight, bias, 2),
            kernels.fused.affine(x, weight, bias),
            *kernels.fused.affine_backward(dy, x, weight, bias),
        )

    narrow = results()
    monkeypatch.setattr(kernels.fused, "_NARROW", 0)
    for one, other in zip(narrow, results(), strict=True):
        assert torch.equal(one, other)
