"""mish.formula with the namespace that it finds, over whatever follows the array API."""

from __future__ import annotations

import array_api_strict
import dask.array
import numpy as np
import pytest

from mish import formula

DTYPES = ("float32", "float64")


class Duck:
    """An array of a library that knows its own kind alone, as CuPy does."""

    def __init__(self, array):
        self.array = np.asarray(array)
        self.dtype, self.shape = self.array.dtype, self.array.shape

    def __array_namespace__(self, api_version=None):
        return Pond

    def __array__(self, dtype=None, copy=None):
        raise TypeError("a duck is not turned into a NumPy array unasked")

    def __add__(self, other):
        return self._with(other, np.add)

    def __mul__(self, other):
        return self._with(other, np.multiply)

    def __rtruediv__(self, other):
        return Duck(other / self.array)

    def __truediv__(self, other):
        return self._with(other, np.divide)

    def __lt__(self, other):
        return self._with(other, np.less)

    def __gt__(self, other):
        return self._with(other, np.greater)

    __radd__, __rmul__ = __add__, __mul__

    def _with(self, other, function):
        assert isinstance(other, Duck | int | float), type(other)
        return Duck(function(self.array, other.array if isinstance(other, Duck) else other))


class Pond:
    """The namespace of ducks."""

    @staticmethod
    def isdtype(dtype, kind):
        return array_api_strict.isdtype(getattr(array_api_strict, dtype.name), kind)

    @staticmethod
    def abs(x):
        return Duck(np.abs(x.array))

    @staticmethod
    def exp(x):
        return Duck(np.exp(x.array))

    @staticmethod
    def where(condition, x, y):
        x, y = (each.array if isinstance(each, Duck) else each for each in (x, y))
        return Duck(np.where(condition.array, x, y))


def points(dtype):
    return np.array([-1e30, -120, -20, -3.27, -0.0, 0.5, 8, 1e30, np.inf, np.nan], dtype)


@pytest.mark.parametrize("order", [0, 1, 2, 5])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", ["duck", "strict", "dask"])
def test_the_bits_of_numpy_in_the_kind_of_the_input(of, dtype, order, assert_same_bits):
    make, array = {
        "duck": (Duck, lambda y: y.array),
        "strict": (array_api_strict.asarray, np.asarray),
        "dask": (lambda x: dask.array.from_array(x, chunks=3), np.asarray),
    }[of]
    x = make(points(dtype))
    y = formula.derivative(x, order)
    assert type(y) is type(x)
    assert_same_bits(array(y), formula.derivative(points(dtype), order, np))
    if order == 0:
        assert_same_bits(array(formula.mish(x)), array(y))


@pytest.mark.parametrize("order", [0, 1, 4])
def test_torch_and_jax(order):
    torch, jnp = pytest.importorskip("torch"), pytest.importorskip("jax.numpy")
    x = points("float32")
    for make, xp in ((torch.from_numpy, torch), (jnp.asarray, jnp)):
        found = formula.derivative(make(x), order)
        assert type(found) is type(make(x))
        given = formula.derivative(make(x), order, xp)
        np.testing.assert_array_equal(np.asarray(found), np.asarray(given))


def test_under_jit():
    jax = pytest.importorskip("jax")
    x = jax.numpy.linspace(-9, 9, 50)
    np.testing.assert_allclose(jax.jit(formula.mish)(x), formula.mish(x), rtol=1e-5)


def test_dask_stays_lazy():
    def refuse(block):
        raise AssertionError("a chunk was computed")

    x = dask.array.ones(9, chunks=2, dtype="f4").map_blocks(refuse, meta=np.empty(0, "f4"))
    y = formula.mish(x)
    assert (y.dtype, y.chunks) == (x.dtype, x.chunks)


@pytest.mark.parametrize("kind", ["int32", "complex64", "bool"])
def test_dtypes_that_are_refused(kind):
    for make in (array_api_strict.ones, np.ones, dask.array.ones):
        x = make(3, dtype=getattr(array_api_strict if make is array_api_strict.ones else np, kind))
        with pytest.raises(TypeError, match=rf"real floating-point dtype.*, not .*{kind}"):
            formula.mish(x)
        with pytest.raises(TypeError, match="real floating-point dtype"):
            formula.derivative(x, 1)


@pytest.mark.parametrize("x", [[1.0], 1.0, "abc", None], ids=str)
def test_what_is_no_array_is_refused(x):
    with pytest.raises(TypeError, match=f"x must be an array .*, not {type(x).__name__}; else"):
        formula.mish(x)


@pytest.mark.parametrize("dtype", [object, "U1"])
def test_numpy_arrays_of_no_numbers_are_refused(dtype):
    with pytest.raises(TypeError, match="real floating-point dtype"):
        formula.mish(np.array(["a"], dtype))


@pytest.mark.parametrize("kind", [np.ma.MaskedArray, np.matrix])
def test_subclasses_that_the_operations_would_treat_otherwise_are_refused(kind):
    with pytest.raises(TypeError, match=f"a plain array, not {kind.__name__}; mish.mish takes it"):
        formula.mish(np.ones((2, 2)).view(kind))


def test_memory_mapped_files(tmp_path):
    np.save(tmp_path / "x.npy", points("float32"))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(formula.mish(mapped), formula.mish(points("float32")))
