"""Bad input to derivative: the error names the argument."""

from __future__ import annotations

import numpy as np
import pytest

import mish


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
