"""Arrays that hold no numbers of Mish: the error names what they hold, and the remedy."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import mish

UNARY = (mish.mish, mish.mish_d1, mish.mish_d2, mish.mish_d3)
CONVERTED = r"numpy.asarray\(x, float\) converts it"
REFUSED = {
    "complex": (np.ones(2, complex), r"complex128; x.real is the real part"),
    "none of complex": (np.ones(0, complex), "complex128; x.real is the real part"),
    "a complex number": (1j, "complex128; x.real is the real part"),
    "longdouble": (np.ones(2, np.longdouble), rf"(float128|longdouble); {CONVERTED}"),
    "text": (["1.5"], f"str; {CONVERTED}"),
    "bytes": (np.array([b"1"]), f"bytes; {CONVERTED}"),
    "dates": (np.array(["2000-01-01"], "M8[D]"), r"datetime64\[D\]$"),
    "records": (np.zeros(1, [("a", float)]), "void$"),
    "None": (None, r"object \(NoneType\)$"),
    "nothing": (np.array([], object), "object$"),
    "fractions": ([Fraction(1, 2)], rf"object \(Fraction\); {CONVERTED}"),
    "decimals": ([Decimal(1)], rf"object \(Decimal\); {CONVERTED}"),
    "numbers and None": (np.array([1.0, None], object), rf"object \(float\); {CONVERTED}"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(name):
    x, told = REFUSED[name]
    rest = f"x must hold integers, booleans or float16, .* numbers, not {told}"
    for ufunc in UNARY:
        with pytest.raises(TypeError, match=f"^{ufunc.__name__}: {rest}"):
            ufunc(x)
    with pytest.raises(TypeError, match=f"^mish_grad: {rest}"):
        mish.mish_grad(1.0, x)
    for order in (1, 4):
        with pytest.raises(TypeError, match=f"^{rest}"):
            mish.derivative(x, order)


def test_the_first_argument_is_named():
    with pytest.raises(TypeError, match=r"^mish_grad: dy must .*complex128; dy.real is"):
        mish.mish_grad(np.ones(2, complex), np.ones(2))
    with pytest.raises(TypeError, match=r"^mish_grad: dy must .*complex128; dy.real is"):
        mish.mish_grad.reduce(np.ones(2, complex))


def test_what_can_be_called_without_arrays():
    float32 = np.dtype(np.float32)
    assert mish.mish.resolve_dtypes((float32, None)) == (float32, float32)
    with pytest.raises(TypeError, match="not complex64"):
        mish.mish.resolve_dtypes((np.dtype(np.complex64), None))
    with pytest.raises(TypeError, match="not object"):
        mish.mish.resolve_dtypes((np.dtype(object), None))


def test_other_errors_are_those_of_numpy():
    with pytest.raises(TypeError, match=r"Cannot cast ufunc .mish. output"):
        mish.mish(1.0, out=np.ones((), int))
    with pytest.raises(TypeError, match="No loop matching the specified signature"):
        mish.mish(1.0, dtype=complex)
