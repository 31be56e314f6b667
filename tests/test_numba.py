"""The ufuncs inside functions that Numba compiles. Compiling is slow, so a function tries much."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mish

numba = pytest.importorskip("numba")
UNARY = (mish.mish, mish.mish_d1, mish.mish_d2, mish.mish_d3)
ends = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30, -88.8, -1.1924312, 5e-324]
X = np.concatenate([ends, np.linspace(-30, 20, 110)])


@pytest.fixture(scope="module")
def each():
    """All functions on one argument."""

    @numba.njit(nogil=True)
    def call(x):
        return mish.mish(x), mish.mish_d1(x), mish.mish_d2(x), mish.mish_d3(x), mish.mish_grad(x, x)

    return call


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_numbers(each, dtype, assert_same_bits):
    with np.errstate(over="ignore"):
        x = X.astype(dtype)
    found = np.array([each(number) for number in x], dtype).T
    for ufunc, result in zip(UNARY, found[:4], strict=True):
        assert_same_bits(result, ufunc(x))
    assert_same_bits(found[4], mish.mish_grad(x, x))


@numba.njit
def forward_and_backward(dy, x):
    return mish.mish(x), mish.mish_grad(dy, x)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arrange",
    [
        pytest.param(lambda x: x.astype("f4"), id="contiguous"),
        pytest.param(lambda x: x.astype("f4")[:0], id="empty"),
        pytest.param(lambda x: x[::-3], id="strided"),
        pytest.param(lambda x: x.reshape(8, 15).T, id="transposed"),
        pytest.param(lambda x: x.reshape(4, 5, 6)[:, ::2, 1:], id="cut"),
    ],
)
def test_arrays(arrange, assert_same_bits):
    x, dy = arrange(np.clip(X, -1e30, 1e30)), arrange(X[::-1])
    before = x.copy(), dy.copy()
    y, dx = forward_and_backward(dy, x)
    assert_same_bits(y, mish.mish(x))
    assert_same_bits(dx, mish.mish_grad(dy, x))
    assert_same_bits(x, before[0])
    assert_same_bits(dy, before[1])
    assert y.flags.f_contiguous == dx.flags.f_contiguous == mish.mish(x).flags.f_contiguous


def test_integers_and_arrays_of_one_number():
    @numba.njit
    def call(x):
        return mish.mish(x)

    for value in (np.int8(3), True, 3, np.array(3.0)):
        assert call(value) == np.float32(mish.mish(float(value))) or call(value) == mish.mish(value)
    assert call(np.array([1, 3], np.int16)).tolist() == mish.mish(np.float32([1, 3])).tolist()
    assert call(np.array([1, 3], np.int64)).tolist() == mish.mish([1.0, 3.0]).tolist()


@pytest.mark.slow
def test_outputs_and_broadcasting(assert_same_bits):
    @numba.njit
    def call(dy, x, out, rows):
        mish.mish(x, out)
        mish.mish_grad(dy, x, rows)
        mish.mish(rows[::2], rows[::2])
        return mish.mish_grad(dy[0, 0], x), mish.mish_grad(x, 1), mish.mish_grad(dy[:, :1], x)

    dy, x = X[:40].reshape(4, 10), X[40:80].reshape(4, 10)
    out, rows = np.zeros((2, 4, 10))
    found = call(dy, x, out, rows)
    wanted = mish.mish_grad(dy, x)
    wanted[::2] = mish.mish(wanted[::2])
    assert_same_bits(out, mish.mish(x))
    assert_same_bits(rows, wanted)
    for got, right in zip(
        found,
        [mish.mish_grad(dy[0, 0], x), mish.mish_grad(x, 1.0), mish.mish_grad(dy[:, :1], x)],
        strict=True,
    ):
        assert_same_bits(got, right)
    with pytest.raises(ValueError, match="out must have the shape of x"):
        call(dy, x, np.zeros((4, 9)), rows)


@pytest.mark.slow
def test_parallel_and_fastmath_change_no_bits(assert_same_bits):
    @numba.njit(parallel=True, fastmath=True)
    def call(x):
        y = np.empty_like(x)
        for i in numba.prange(x.shape[0]):
            y[i] = mish.mish(x[i])
            y[i, 0] = mish.mish_d2(x[i, 0])
        return y

    x = X.reshape(8, 15)
    wanted = mish.mish(x)
    wanted[:, 0] = mish.mish_d2(x[:, 0])
    assert_same_bits(call(x), wanted)


def test_vectorize(assert_same_bits):
    @numba.vectorize(["f4(f4)"])
    def doubled(x):
        return 2 * mish.mish(x)

    x = X.astype("f4")
    assert_same_bits(doubled(x).astype("f4"), 2 * mish.mish(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1j,), "takes float32, float64, integers, and arrays of these, not complex128"),
        (("text",), "takes float32, float64, integers, and arrays of these, not unicode_type"),
        ((np.zeros(2, np.complex64),), r"not array\(complex64"),
        ((np.zeros(2, np.float16),), r"not array\(float16"),
        ((np.zeros(2), np.zeros(2, np.float32)), "out must be a writable array of float64 with 1"),
        ((np.zeros(2), np.zeros((2, 1))), "out must be a writable array of float64 with 1"),
    ],
)
def test_bad_types(arguments, message):
    @numba.njit
    def call(*arguments):
        return mish.mish(*arguments)

    with pytest.raises(numba.TypingError, match=message):
        call(*arguments)


CACHED = """
import sys, numba, numpy as np, mish

@numba.njit(cache=True)
def call(x):
    return mish.mish_grad(x, mish.mish(x)).sum() + mish.mish_d1(x[0])

call(np.ones(8))
print(sum(call.stats.cache_hits.values()), "mish.numba" in sys.modules)
"""


@pytest.mark.slow
def test_cached_code_runs_in_the_next_process(tmp_path):
    """There the functions lie at other addresses, and nobody imports mish.numba but Numba."""
    program = tmp_path / "program.py"
    program.write_text(CACHED)
    command = [sys.executable, "-W", "error", str(program)]
    for hits in "01":
        shown = subprocess.run(command, check=False, capture_output=True, text=True)
        assert shown.stdout.split() == [hits, "True"], shown.stderr
