"""Arrays of packages that few have: sparse, ragged, uncertain, on disk."""

from __future__ import annotations

import numpy as np
import pytest

import mish
from mish import formula

X = np.array([[-3, 0, 0, 1.5], [0, 2, 0, 0]], np.float32)
REFUSED = "x must hold integers, booleans or float16"


def derivatives(x):
    return [mish.mish(x), *(mish.derivative(x, order) for order in (0, 1, 2, 4))]


EXPECTED = derivatives(X)


# --- sparse ---


@pytest.mark.parametrize("form", ["coo", "gcxs", "dok"])
def test_sparse_arrays_stay_sparse(form, assert_same_bits):
    sparse = pytest.importorskip("sparse")
    x = sparse.COO.from_numpy(X).asformat(form)
    for y, expected in zip([*derivatives(x), formula.mish(x)], [*EXPECTED, None], strict=True):
        assert (type(y), y.nnz) == (type(x), x.nnz)
        if expected is not None:
            assert y.fill_value == expected[0, 1]
            assert_same_bits(y.todense(), expected)
    assert mish.mish(x).fill_value == formula.mish(x).fill_value == 0
    assert_same_bits(mish.mish_grad(x, x).todense(), mish.mish_grad(X, X))


def test_sparse_arrays_of_complex_numbers_are_refused():
    x = pytest.importorskip("sparse").COO.from_numpy(X.astype(complex))
    for function in (mish.mish, mish.derivative):
        with pytest.raises(TypeError, match=REFUSED):
            function(x)


def test_scipy_is_told_how(assert_same_bits):
    x = pytest.importorskip("scipy.sparse").csr_array(X)
    for function in (mish.mish, mish.mish_d3, mish.derivative):
        with pytest.raises(TypeError, match=r"\(csr_array\); x.toarray\(\) is a dense array"):
            function(x)
    x.data = mish.mish(x.data)
    assert_same_bits(x.toarray(), EXPECTED[0])


# --- awkward ---


def test_ragged_arrays_keep_their_shape():
    awkward = pytest.importorskip("awkward")
    x = awkward.Array([[1.0, None, 2.0], [], [-3.0]])
    for y, plain in zip(derivatives(x), derivatives(np.array([1.0, 2, -3])), strict=True):
        one, two, three = plain.tolist()
        assert y.to_list() == [[one, None, two], [], [three]]
    assert "float32" in str(mish.mish(awkward.values_astype(x, "float32")).type)


def test_ragged_arrays_of_no_numbers_are_refused():
    awkward = pytest.importorskip("awkward")
    for function in (mish.mish, mish.derivative):
        with pytest.raises(TypeError, match="not implemented for string types"):
            function(awkward.Array(["a"]))
        with pytest.raises(ValueError, match="cannot broadcast records in mish"):
            function(awkward.Array([{"a": 1.0}]))
        with pytest.raises(TypeError, match=REFUSED):
            function(awkward.Array([1j]))


# --- uncertainties ---


def test_uncertain_numbers_through_the_derivative():
    uncertainties = pytest.importorskip("uncertainties")
    unumpy = pytest.importorskip("uncertainties.unumpy")
    f = uncertainties.wrap(mish.mish, [mish.mish_d1])
    for number in (-3.0, -1.1924, 0.0, 2.0):
        y = f(uncertainties.ufloat(number, 0.25))
        assert y.nominal_value == mish.mish(number)
        assert y.std_dev == pytest.approx(0.25 * abs(mish.mish_d1(number)), rel=1e-15)
    x = uncertainties.ufloat(2, 0.25)
    assert (f(x) - f(x)).std_dev == 0
    many = np.vectorize(f)(unumpy.uarray(X, 0.25))
    np.testing.assert_array_equal(unumpy.nominal_values(many), mish.mish(X.astype(float)))
    np.testing.assert_allclose(unumpy.std_devs(many), 0.25 * np.abs(mish.mish_d1(X)), rtol=1e-6)


def test_uncertain_numbers_are_not_taken_as_they_are():
    unumpy = pytest.importorskip("uncertainties.unumpy")
    told = r"\(Variable\); uncertainties.wrap\(mish.mish, \[mish.mish_d1\]\) is Mish for"
    x = unumpy.uarray([1.0], [0.1])
    for function in (mish.mish, mish.derivative):
        for each in (x, x[0]):
            with pytest.raises(TypeError, match=told):
                function(each)


# --- on disk ---


def test_h5py_datasets_are_read(tmp_path, assert_same_bits):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for y, expected in zip(
            derivatives(file.create_dataset("x", data=X)), EXPECTED, strict=True
        ):
            assert_same_bits(y, expected)


def test_zarr_arrays_are_read_and_taken_lazily_by_dask(assert_same_bits):
    zarr, dask_array = pytest.importorskip("zarr"), pytest.importorskip("dask.array")
    x = zarr.array(X, chunks=(1, 2))
    assert_same_bits(mish.mish(x), EXPECTED[0])
    lazy = mish.mish(dask_array.from_array(x, chunks=x.chunks))
    assert lazy.chunks == ((1, 1), (2, 2))
    assert_same_bits(lazy.compute(scheduler="synchronous"), EXPECTED[0])


# --- pint ---


def test_quantities_of_high_orders_are_refused():
    x = pytest.importorskip("pint").UnitRegistry().Quantity(X, "")
    for order in range(4):
        np.testing.assert_array_equal(mish.derivative(x, order).m, mish.derivative(X, order))
    with pytest.raises(TypeError, match=r"of order 4 .* Quantity of dtype float32 cannot"):
        mish.derivative(x, 4)
