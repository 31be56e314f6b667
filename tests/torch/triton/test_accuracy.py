"""How far the device functions are from the truth, with every operation rounded as on a GPU."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
import torch

import mish
from mish import ulp
from mish._truth import sweeps
from mish._truth.hard_inputs import ZEROS, hard, near

ORDERS = (0, 1, 2, 3)
# In ulp; docs/gpu.md has the largest errors that were seen.
FLOAT32 = (0.84, 0.84, 0.93, 0.93)
FLOAT64 = (0.82, 0.82, 0.82, 0.82)
LOSSY = [np.float32(x) for x in (4.1005636e-39, 1.5035393e-38, 2.0502825e-38, 2.3236527e-38)]
# How many of all 65,536 inputs do not come out correctly rounded: if the approximate instructions
# were; and if they are all off by twice what PTX allows.
FLOAT16 = {"NONE": (5, 4, 2, 8), "UP": (30, 26, 37, 27), "DOWN": (28, 15, 30, 34)}
BFLOAT16 = {"NONE": (0, 1, 0, 0), "UP": (2, 2, 1, 0), "DOWN": (0, 0, 1, 0)}


def _worst(computed, x, order):
    found = sweeps.judge(computed, x, order)
    assert found.specials == 0
    return found.worst


@pytest.mark.parametrize("order", ORDERS)
def test_float32_over_all_exponents(evaluate, order):
    def function(x):
        return evaluate(x, order, torch.float32).numpy()

    found = sweeps.float32_of(function, order, step=4093)  # 2**20 inputs
    assert found.specials == 0
    assert found.worst < FLOAT32[order]


@pytest.mark.parametrize("order", ORDERS)
def test_float32_at_hard_points(evaluate, order):
    borders = [zero + side for zero in ZEROS[order] for side in (-0.125, 0.125)]
    rng = np.random.default_rng(order)
    # Where intermediate results lose digits, and where a rougher reciprocal was off by 1 ulp.
    small = np.concatenate([rng.uniform(2.0**-127, 2.0**-124, 1 << 16), LOSSY])
    x = np.concatenate(
        [
            hard(np.float32, order),
            rng.uniform(-12, 12, 1 << 18).astype(np.float32),
            np.concatenate([small, -small]).astype(np.float32),
            *(near(border, np.float32, 2000) for border in borders),
        ]
    )
    assert _worst(evaluate(x, order, torch.float32).numpy(), x, order) < FLOAT32[order]


@pytest.mark.parametrize("order", ORDERS)
def test_float64_at_hard_points(evaluate, order):
    rng = np.random.default_rng(order)
    x = np.concatenate(
        [
            rng.permutation(hard(np.float64, order))[:4000],
            rng.uniform(-760, 400, 1000),
            rng.uniform(-12, 12, 1000),
            rng.uniform(2.0**-1023, 2.0**-1020, 500),
        ]
    )
    assert ulp.error(evaluate(x, order, torch.float64).numpy(), x, order).max() < FLOAT64[order]


@pytest.mark.parametrize("slip", FLOAT16)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("kind", "form", "misrounded"),
    [(torch.float16, np.float16, FLOAT16), (torch.bfloat16, ml_dtypes.bfloat16, BFLOAT16)],
    ids=["float16", "bfloat16"],
)
def test_every_16_bit_number(kernels, evaluate, order, kind, form, misrounded, slip, set_slip):
    set_slip(slip)
    if kernels.device == "cuda":  # whose instructions are as wrong as they are
        allowed, bound = max(each[order] for each in misrounded.values()), 0.508
    else:
        allowed, bound = misrounded[slip][order], 0.501 if slip == "NONE" else 0.508
    x = sweeps.every_16_bit(form)
    y = evaluate(x.astype(np.float64), order, kind)
    computed = y.view(torch.uint16).numpy().view(form)
    right = sweeps.UFUNCS[order](x)
    same = computed.view(np.uint16) == right.view(np.uint16)
    wrong = ~same & ~np.isnan(right.astype(np.float32))
    assert np.isnan(computed.astype(np.float32)).sum() == 1
    assert wrong.sum() <= allowed
    assert _worst(computed, x, order) < bound


@pytest.mark.parametrize("order", ORDERS)
def test_float32_hardly_depends_on_the_reciprocal(evaluate, order, set_slip):
    """It is corrected by what is left over, so what stays of its error is the square."""
    x = np.random.default_rng(order).uniform(-30, 20, 1 << 18).astype(np.float32)
    results = []
    for slip in ("DOWN", "UP"):
        set_slip(slip)
        results.append(evaluate(x, order, torch.float32).numpy())
        assert _worst(results[-1], x, order) < FLOAT32[order]
    assert np.mean(results[0] != results[1]) < 1e-3


SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, -1e4, -104.0, -88.8, 88.8, 1e4, 1e-40, -1e-40)


@pytest.mark.parametrize("order", ORDERS)
def test_special_values(evaluate, order, dtype):
    x = torch.tensor(SPECIAL, dtype=torch.float64).to(dtype)
    y = evaluate(x.to(torch.float64).numpy(), order, dtype)
    truth = torch.from_numpy(mish.derivative(x.to(torch.float64).numpy(), order)).to(dtype)
    assert torch.equal(y.isnan(), truth.isnan())
    assert torch.equal(y.nan_to_num(0), truth.nan_to_num(0))
    numbers = ~truth.isnan()
    assert torch.equal(y.signbit()[numbers], truth.signbit()[numbers])


def test_largest_numbers(evaluate, dtype):
    largest = torch.finfo(dtype).max
    x = np.array([largest, -largest, largest / 2, torch.finfo(dtype).tiny, 20.0, 40.0])
    y = evaluate(x, 0, dtype).to(torch.float64).numpy()
    assert (y[0], y[2]) == (largest, largest / 2)
    assert y[1] == 0
    np.testing.assert_allclose(y[3:], x[3:] * [0.6, 1, 1], rtol=0.01)


def test_the_fma_of_these_tests_is_exact(fma):
    rng = np.random.default_rng(0)
    for form in (np.float32, np.float64):
        x, y = rng.standard_normal((2, 3000)).astype(form)
        z = (-x * y * (1 + rng.integers(-2, 3, 3000) * 2.0**-20)).astype(form)
        z[::3] *= form(1e-10)
        x[1::7] *= form(1e-30)
        for a, b, c, result in zip(x, y, z, fma(x, y, z), strict=True):
            exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
            assert result == _rounded(exact, form)


def _rounded(value, form):
    """The nearest number of the format, by comparing with its neighbours."""
    first = form(float(value))
    candidates = [first, np.nextafter(first, form(np.inf)), np.nextafter(first, form(-np.inf))]
    distance = [abs(Fraction(float(each)) - value) for each in candidates]
    least = min(distance)
    best = [each for each, d in zip(candidates, distance, strict=True) if d == least]
    return min(best, key=lambda each: int(each.view(f"u{each.itemsize}")) & 1)
