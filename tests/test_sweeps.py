"""The judges of accuracy: whole sweeps are in tests/accuracy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mish import reference, ulp
from mish._truth import sweeps
from mish._truth.sweeps import Errors

DTYPES = ["float16", "bfloat16", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", sweeps.UFUNCS)
def test_judge_finds_the_worst_and_its_place(dtype, order):
    x = sweeps.hard_inputs(dtype, order)[::37]
    x[5] = 0.75
    y = sweeps.UFUNCS[order](x)
    y[5] = reference.rounded(x[5], dtype, order) * 1.25
    found = sweeps.judge(y, x, order)
    assert found.count == x.size
    assert found.at == float(x[5])
    assert found.worst == pytest.approx(float(ulp.error(y[5], x[5], order)), rel=1e-6)
    assert found.specials == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_judge_counts_wrong_nans_and_infinities(dtype):
    x = np.array([1.0, 2.0, 3.0, -np.inf, np.inf, np.nan]).astype(sweeps.as_dtype(dtype))
    right = sweeps.UFUNCS[0](x)
    assert sweeps.judge(right, x, 0).specials == 0
    wrong = np.array([np.nan, np.inf, 3.0, np.nan, 1.0, 0.0]).astype(x.dtype)
    found = sweeps.judge(wrong, x, 0)
    assert found.specials == 5
    assert found.at == 3.0
    assert sweeps.judge(wrong[:2], x[:2], 0).worst == 0.0
    assert sweeps.judge(wrong[:0], x[:0], 0).count == 0


def test_merge():
    parts = [Errors(3, 0.5, 1.0, 1), Errors(4, 0.75, 2.0, 0), Errors(5, 0.25, 3.0, 2)]
    assert sweeps.merge(parts) == Errors(12, 0.75, 2.0, 3)
    assert math.isnan(sweeps.merge([*parts, Errors(1, math.nan, 4.0, 0)]).worst)


@pytest.mark.parametrize("dtype", DTYPES)
def test_hard_inputs_are_fixed_and_hold_the_special_ones(dtype):
    x = sweeps.hard_inputs(dtype, 1)
    assert x.tobytes() == sweeps.hard_inputs(dtype, 1).tobytes()
    assert x.dtype == sweeps.as_dtype(dtype)
    assert np.isnan(x).sum() == 1
    assert np.isinf(x).sum() == 2
    assert (x == 0).sum() >= 2


def test_blocks_of_float32_reach_every_sign_and_magnitude():
    shares, sizes = [], set()

    def function(x):
        sizes.add(x.size)
        assert not np.isnan(x).any()
        return sweeps.UFUNCS[0](x)

    found = sweeps.float32_of(function, 0, 1009, shares.append)
    assert sizes == {sweeps.BLOCK}
    assert sum(shares) == pytest.approx(1)
    assert 4.1e6 < found.count < 5.3e6
    assert 0.5 < found.worst < 1
    assert found.specials == 0


def test_blocks_see_an_error_in_one_block():
    wrong = sweeps.float32_of(lambda x: np.where(x < -1e38, 1, sweeps.UFUNCS[0](x)), 0, 2003)
    assert wrong.worst > 1e6
    assert wrong.at < -1e38


def test_random_float64():
    shares = []
    found = sweeps.float64(1 << 12, 2, shares.append)
    assert [each.count for each in found] == [1 << 12] * 4
    assert sum(shares) == pytest.approx(1)
    for order, each in enumerate(found):
        assert 0.4 < each.worst <= 1
        assert each.worst == pytest.approx(
            float(ulp.error(sweeps.UFUNCS[order](each.at), each.at, order)), abs=1e-6
        )


def test_every_16_bit_number():
    for dtype, nans in (("float16", 2046), ("bfloat16", 254)):
        x = sweeps.every_16_bit(dtype)
        assert x.size == 2**16 - nans + 1
        assert np.unique(x.view(np.uint16)).size == x.size
