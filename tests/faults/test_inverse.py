"""Bad input to inverse, antiderivative and their truth: the error names the argument."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import mish
from mish import reference


@pytest.mark.parametrize("branch", ["up", "", None, 1, "Right"])
def test_branch_must_be_one_of_the_two(branch):
    for function in (mish.inverse, reference.inverse):
        with pytest.raises(ValueError, match='branch must be "right" or "left", not '):
            function(1.0, branch)


@pytest.mark.parametrize("bad", ["1", [1, None], 1j, np.longdouble(1)])
def test_numbers_must_be_of_a_served_format(bad):
    with pytest.raises(TypeError, match=r"y must hold integers, booleans or float16, .*, not "):
        mish.inverse(bad)
    with pytest.raises(TypeError, match=r"x must hold integers, booleans or float16, .*, not "):
        mish.antiderivative(bad)


@pytest.mark.parametrize("function", [mish.inverse, mish.antiderivative])
def test_out_must_fit(function):
    with pytest.raises(ValueError, match="broadcast"):
        function(np.ones(3), out=np.empty(4))
    with pytest.raises(TypeError, match="Cannot cast"):
        function(np.ones(3), out=np.empty(3, np.int64))


def test_no_value_warns():
    y = np.array([-np.inf, -1, -0.31, -0.0, 0.0, 5e-324, 1e308, np.inf, np.nan])
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        for dtype in (np.float16, np.float32, np.float64):
            with np.errstate(all="ignore"):
                given = y.astype(dtype)
            mish.inverse(given)
            mish.inverse(given, "left")
            mish.antiderivative(given)


@pytest.mark.parametrize("function", [reference.inverse, reference.antiderivative])
def test_digits_must_be_positive(function):
    with pytest.raises(ValueError, match="digits must be at least 1, not 0"):
        function(1, digits=0)
    with pytest.raises(TypeError, match="x must be a real number or a decimal string"):
        function(None)
