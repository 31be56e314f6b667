"""at, reduce, accumulate, reduceat and outer, as NumPy's own ufuncs have them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest


def test_methods_of_unary_ufuncs_refuse_as_those_of_exp(unary):
    x = np.ones(3)
    for name, *more in (["reduce"], ["accumulate"], ["reduceat", [0]], ["outer", x]):
        for each in (np.exp, unary):
            with pytest.raises(ValueError, match="only supported for binary functions"):
                getattr(each, name)(x, *more)


def test_at(loop, assert_same_bits):
    where = [3, 0, 3, 8, 3]
    x, *others = loop.inputs(9)
    expected = x.copy()
    for i, place in enumerate(where):
        expected[place] = loop.ufunc(expected[place], *(each[i] for each in others))
    loop.ufunc.at(x, where, *(each[:5] for each in others))
    assert_same_bits(x, expected)


def folded(ufunc, x):
    """The partial results of a fold from the left."""
    return np.array(list(itertools.accumulate(x, ufunc)), x.dtype)


@pytest.mark.parametrize("code", "efd")
def test_reductions(binary, code, assert_same_bits):
    x = np.random.default_rng(2).uniform(-2, 4, (6, 40)).astype(code)
    rows = np.stack([folded(binary, row) for row in x])
    columns = np.stack([folded(binary, column) for column in x.T], axis=1)
    assert_same_bits(binary.accumulate(x, axis=1), rows)
    assert_same_bits(binary.accumulate(x, axis=0), columns)
    assert_same_bits(binary.reduce(x, axis=1), rows[:, -1])
    assert_same_bits(binary.reduce(x, axis=0), columns[-1])
    assert_same_bits(binary.reduce(x, axis=0, keepdims=True), columns[-1:])
    assert_same_bits(
        binary.reduceat(x[0], [0, 7, 30]),
        np.array([folded(binary, x[0][part])[-1] for part in np.s_[0:7, 7:30, 30:]], code),
    )


@pytest.mark.parametrize("code", "efd")
def test_outer(binary, code, assert_same_bits):
    left, right = np.linspace(-9, 9, 60, dtype=code), np.linspace(-9, 30, 70, dtype=code)
    full = [each.copy() for each in np.broadcast_arrays(left[:, None], right)]
    assert_same_bits(binary.outer(left, right), binary(*full))


# An order of evaluation is not defined for a function that is not associative, and there is no
# number to begin with.
def test_reductions_refuse_as_those_of_arctan2(binary):
    for each in (np.arctan2, binary):
        with pytest.raises(ValueError, match="no identity"):
            each.reduce(np.empty(0))
        with pytest.raises(ValueError, match="not reorderable"):
            each.reduce(np.ones((2, 3)), axis=(0, 1))
