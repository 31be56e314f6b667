"""Arrays that are not plain ndarrays: what NumPy's protocols promise holds for Mish.

No code of ours is behind any of this, so np.exp and np.hypot are the models, and the numbers are
those of a plain call.
"""

from __future__ import annotations

import copy
import pickle

import dask.array
import numpy as np
import pandas
import pytest
import xarray

import mish


def values(ufunc, shape=(4, 3)):
    return [np.linspace(-20, 15 + i, int(np.prod(shape))).reshape(shape) for i in range(ufunc.nin)]


# --- pandas ---


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_series(ufunc, dtype, assert_same_bits):
    plain = [each.astype(dtype) for each in values(ufunc, 12)]
    index = pandas.Index(range(100, 112), name="row")
    series = [pandas.Series(each, index, name="activation") for each in plain]
    result = ufunc(*series)
    assert isinstance(result, pandas.Series)
    assert result.name == "activation"
    pandas.testing.assert_index_equal(result.index, index)
    assert_same_bits(result.to_numpy(), ufunc(*plain))


def test_data_frame(ufunc, assert_same_bits):
    plain = values(ufunc)
    frames = [pandas.DataFrame(each, list("wxyz"), list("abc")) for each in plain]
    result = ufunc(*frames)
    pandas.testing.assert_frame_equal(
        result, pandas.DataFrame(ufunc(*plain), list("wxyz"), list("abc")), check_exact=True
    )


def test_missing_values_stay_missing(unary):
    series = pandas.Series([1.5, None, -3.0], dtype="Float64")
    result = unary(series)
    assert result.dtype == "Float64"
    assert result.isna().tolist() == [False, True, False]
    assert [result[0], result[2]] == unary([1.5, -3.0]).tolist()


@pytest.mark.parametrize("dtype", ["Float32", "Float64", "Int64", "float[pyarrow]"])
@pytest.mark.parametrize("order", [1, 4])
def test_missing_values_stay_missing_in_derivatives(dtype, order):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    series = pandas.Series([2, None, -3], dtype=dtype)
    result = mish.derivative(series, order)
    assert result.dtype == dtype.replace("Int", "Float")
    assert result.isna().tolist() == [False, True, False]
    given = series.dropna().to_numpy("f4" if "loat" in dtype and "64" not in dtype else "f8")
    assert result.dropna().tolist() == mish.derivative(given, order).tolist()


def test_series_are_aligned_by_their_labels(binary):
    left = pandas.Series([1.0, 2.0, 3.0], list("abc"))
    right = pandas.Series([-3.0, -2.0, -1.0], list("cbd"))
    result = binary(left, right)
    assert list(result.index) == list("abcd")
    assert result[["b", "c"]].tolist() == binary([2.0, 3.0], [-2.0, -3.0]).tolist()
    assert result[["a", "d"]].isna().all()


# --- xarray ---


def test_data_array(ufunc, assert_same_bits):
    plain = values(ufunc)
    coordinates = {"channel": [10, 20, 30]}
    arrays = [xarray.DataArray(each, coordinates, ("time", "channel")) for each in plain]
    result = ufunc(*arrays)
    assert isinstance(result, xarray.DataArray)
    assert result.dims == ("time", "channel")
    assert result.channel.values.tolist() == [10, 20, 30]
    assert_same_bits(result.values, ufunc(*plain))


def test_dimensions_are_matched_by_name(binary, assert_same_bits):
    x, y = np.linspace(-3, 3, 4), np.linspace(-5, 9, 5)
    result = binary(xarray.DataArray(x, dims="x"), xarray.DataArray(y, dims="y"))
    assert result.dims == ("x", "y")
    assert_same_bits(result.values, binary.outer(x, y))


def test_derivative_keeps_what_labels_its_argument(assert_same_bits):
    plain = np.linspace(-20, 15, 12).reshape(4, 3).astype("f4")
    for order in (0, 2, 4):
        expected = mish.derivative(plain, order)
        found = mish.derivative(xarray.DataArray(plain, dims=("t", "c")), order)
        assert found.dims == ("t", "c")
        assert_same_bits(found.values, expected)
        frame = pandas.DataFrame(plain, list("wxyz"), list("abc"))
        pandas.testing.assert_frame_equal(
            mish.derivative(frame, order), pandas.DataFrame(expected, list("wxyz"), list("abc"))
        )
        masked = np.ma.masked_less(plain, 0)
        found = mish.derivative(masked, order)
        np.testing.assert_array_equal(found.mask, masked.mask)
        np.testing.assert_array_equal(found.compressed(), expected[~masked.mask])
        found = mish.derivative(tagged(plain), order)
        assert (type(found), found.note) == (Tagged, "kept")


def test_dataset(unary, assert_same_bits):
    plain = values(unary)[0]
    dataset = xarray.Dataset({"a": (("t", "c"), plain), "b": ("t", plain[:, 0])})
    result = unary(dataset)
    assert_same_bits(result.a.values, unary(plain))
    assert_same_bits(result.b.values, unary(plain[:, 0].copy()))


def test_xarray_around_dask(unary, assert_same_bits):
    plain = values(unary)[0]
    result = unary(xarray.DataArray(plain, dims=("t", "c")).chunk({"t": 3}))
    assert isinstance(result.data, dask.array.Array)
    assert_same_bits(result.compute().values, unary(plain))


# --- masked arrays ---


def test_masked_arrays_keep_their_mask(ufunc):
    plain = values(ufunc)
    masks = [np.arange(12).reshape(4, 3) % (3 + 2 * i) == 0 for i in range(ufunc.nin)]
    arrays = [np.ma.array(each, mask=mask) for each, mask in zip(plain, masks, strict=True)]
    result = ufunc(*arrays)
    assert isinstance(result, np.ma.MaskedArray)
    mask = np.logical_or.reduce(masks)
    np.testing.assert_array_equal(result.mask, mask)
    np.testing.assert_array_equal(result.data[~mask], ufunc(*plain)[~mask])


# --- subclasses and the protocol itself ---


class Tagged(np.ndarray):
    """A subclass that carries a note."""

    note = None

    def __array_finalize__(self, source):
        self.note = getattr(source, "note", None)


def tagged(array):
    result = array.view(Tagged)
    result.note = "kept"
    return result


def test_subclass(ufunc, assert_same_bits):
    plain = values(ufunc)
    result = ufunc(*map(tagged, plain))
    assert type(result) is Tagged
    assert result.note == "kept"
    assert_same_bits(result.view(np.ndarray), ufunc(*plain))
    assert type(ufunc(*map(tagged, plain), subok=False)) is np.ndarray
    out = tagged(np.empty((4, 3)))
    assert ufunc(*plain, out=out) is out
    assert_same_bits(out.view(np.ndarray), ufunc(*plain))


def test_memory_mapped_files(ufunc, tmp_path, assert_same_bits):
    plain = values(ufunc)
    mapped = []
    for i, each in enumerate(plain):
        np.save(tmp_path / f"{i}.npy", each)
        mapped.append(np.load(tmp_path / f"{i}.npy", mmap_mode="r"))
    assert_same_bits(np.asarray(ufunc(*mapped)), ufunc(*plain))
    out = np.memmap(tmp_path / "out", "f8", "w+", shape=(4, 3))
    ufunc(*mapped, out=out)
    out.flush()
    assert (tmp_path / "out").read_bytes() == ufunc(*plain).tobytes()


def test_only_an_array_interface(ufunc, assert_same_bits):
    class Wrapped:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return self.array

    plain = values(ufunc)
    assert_same_bits(ufunc(*map(Wrapped, plain)), ufunc(*plain))


class Recorder:
    """Answers every ufunc with what it was asked."""

    def __array_ufunc__(self, *request, **keywords):
        return (self, *request, keywords)


def test_array_ufunc_is_asked(ufunc):
    recorder, plain = Recorder(), np.ones(3)
    for place in range(ufunc.nin):
        inputs = [plain] * ufunc.nin
        inputs[place] = recorder
        assert ufunc(*inputs, where=True) == (recorder, ufunc, "__call__", *inputs, {"where": True})
    assert ufunc(*[plain] * ufunc.nin, out=recorder) == (
        recorder,
        ufunc,
        "__call__",
        *[plain] * ufunc.nin,
        {"out": (recorder,)},
    )
    others = [plain] * (ufunc.nin - 1)
    assert ufunc.at(recorder, 0, *others) == (recorder, ufunc, "at", recorder, 0, *others, {})


def test_array_ufunc_is_asked_by_the_methods(binary):
    recorder = Recorder()
    for method in ("reduce", "accumulate"):
        asked = getattr(binary, method)(recorder, axis=1)
        assert asked == (recorder, binary, method, recorder, {"axis": 1})
    assert binary.outer(recorder, 2) == (recorder, binary, "outer", recorder, 2, {})


def test_array_ufunc_may_opt_out(ufunc):
    class Closed:
        __array_ufunc__ = None

    with pytest.raises(TypeError, match="does not support ufuncs"):
        ufunc(*[Closed()] * ufunc.nin)


# --- copies ---


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(ufunc, protocol):
    assert pickle.loads(pickle.dumps(ufunc, protocol)) is ufunc
    assert pickle.loads(pickle.dumps({"activation": ufunc}, protocol))["activation"] is ufunc


def test_copying(ufunc):
    assert copy.copy(ufunc) is ufunc
    assert copy.deepcopy([ufunc])[0] is ufunc


# --- pint ---


def test_quantities(ufunc, assert_same_bits):
    pint = pytest.importorskip("pint")
    units = pint.UnitRegistry()
    plain = values(ufunc)
    result = ufunc(*(units.Quantity(each, "") for each in plain))
    assert result.units == units.dimensionless
    assert_same_bits(result.magnitude, ufunc(*plain))
    in_percent = [units.Quantity(100 * each, "percent") for each in plain]
    np.testing.assert_allclose(ufunc(*in_percent).magnitude, ufunc(*plain), rtol=1e-13, atol=1e-15)
    with pytest.raises(pint.DimensionalityError):
        ufunc(*(units.Quantity(each, "m") for each in plain))
    with pytest.raises(TypeError):
        ufunc(*plain, out=units.Quantity(np.empty((4, 3)), ""))
