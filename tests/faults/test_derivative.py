"""Bad input to derivative: the error names the argument."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

import mish
from mish import reference


@pytest.mark.parametrize("order", [-1, np.int64(-3)])
def test_order_must_not_be_negative(order):
    with pytest.raises(ValueError, match=f"order must be 0 or more, not {order}"):
        mish.derivative(1.0, order)


@pytest.mark.parametrize(
    ("order", "name"),
    [
        (1.0, "float"),
        (2.5, "float"),
        ("1", "str"),
        (None, "NoneType"),
        (True, "a truth value"),
        (np.False_, "a truth value"),
        (np.array([1, 2]), "ndarray"),
    ],
)
def test_order_must_be_an_integer(order, name):
    with pytest.raises(TypeError, match=f"order must be an integer, not {name}"):
        mish.derivative(1.0, order)


@pytest.mark.parametrize("order", [204, 1000, 10**30])
def test_an_order_whose_values_overflow_is_refused_at_once(order):
    with pytest.raises(ValueError, match=f"order must be at most 203, not {order}: .*reference"):
        mish.derivative(1.0, order)


def test_the_last_order_is_the_last_whose_values_are_all_finite():
    largest = Decimal(float(np.finfo(np.float64).max))
    # where each is largest
    assert abs(reference.value(0.352, 203, 10)) < largest / 50
    assert abs(reference.value(0.336, 204, 10)) > largest


def test_a_sparse_array_is_told_how_to_become_dense():
    class csr_array:
        def toarray(self):
            return np.eye(2)

    with pytest.raises(TypeError, match=r"object \(csr_array\); x.toarray\(\) is a dense array"):
        mish.derivative(csr_array(), 5)


@pytest.mark.parametrize("order", [0, 5])
@pytest.mark.parametrize(
    ("x", "name"),
    [
        (1j, "complex128"),
        (np.longdouble(1), "longdouble|float"),
        ("1", "str"),
        ([1, None], "object"),
        (2**70, "object"),
        (np.array(["2020-01-01"], "M8[D]"), "datetime64"),
    ],
)
def test_x_must_hold_real_numbers_of_a_served_format(x, name, order):
    with pytest.raises(TypeError, match=rf"x must hold .* not .*({name})"):
        mish.derivative(x, order)
