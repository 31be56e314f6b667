"""Bad input to the truth and to the error measure."""

from __future__ import annotations

import numpy as np
import pytest

from mish import reference, ulp


@pytest.mark.parametrize("call", [reference.value, reference.enclosure])
def test_x_must_be_a_real_number(call):
    with pytest.raises(TypeError, match="x must be a real number"):
        call(1j)
    with pytest.raises(TypeError, match="x must be a real number"):
        call([1.0])
    with pytest.raises(ValueError, match="could not convert"):
        call("one")


def test_order_bits_and_digits_are_checked():
    with pytest.raises(ValueError, match="order must be 0 or more"):
        reference.value(1, order=-1)
    with pytest.raises(ValueError, match="digits must be at least 1"):
        reference.value(1, digits=0)
    with pytest.raises(ValueError, match="bits must be at least 2"):
        reference.enclosure(1, bits=1)


def test_enclosure_takes_no_infinity():
    with pytest.raises(ValueError, match="x must be finite, not inf"):
        reference.enclosure(np.inf)


def test_what_no_decimal_can_hold_is_an_error():
    with pytest.raises(ArithmeticError, match="smaller than a Decimal can be"):
        reference.value(-1e300)


def test_what_stays_undecided_is_an_error():
    # below the tie between 1000000 and 1000010 by about 2**-2885000
    with pytest.raises(ArithmeticError, match=r"not decided by an enclosure of \d+ bits"):
        reference.value(1000005, digits=6)


@pytest.mark.parametrize("dtype", [np.int32, np.longdouble, np.complex64])
def test_dtype_must_be_one_of_the_four(dtype):
    with pytest.raises(TypeError, match="dtype must be one of float16, bfloat16"):
        reference.rounded(1, dtype)
    with pytest.raises(TypeError, match="dtype must be one of"):
        ulp.error(np.ones(2, dtype), 1.0)


def test_error_against_wants_a_wider_truth():
    with pytest.raises(TypeError, match=r"use mish\.ulp\.error"):
        ulp.error_against(np.ones(2), np.ones(2))
    with pytest.raises(TypeError, match="truth must be float64"):
        ulp.error_against(np.ones(2, np.float32), np.ones(2, np.float32))
