"""Dask arrays: lazy, chunk by chunk, with the bits of NumPy; in processes that may die."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import dask.array
import ml_dtypes
import numpy as np
import pytest

import mish

EXAMPLE = Path(__file__).parents[2] / "examples" / "dask" / "larger_than_memory.py"
DTYPES = ["f2", ml_dtypes.bfloat16, "f4", "f8", "i1", "u2", "i8", "?"]


@pytest.fixture(autouse=True)
def own_threads():
    """A pool of threads that ends with the test."""
    with ThreadPoolExecutor(2) as pool, dask.config.set(pool=pool):
        yield


def plain(dtype, shape=(90, 70), seed=0):
    x = np.random.default_rng(seed).uniform(-20, 20, shape)
    return np.abs(x).astype(dtype) if np.dtype(dtype).kind in "bu" else x.astype(dtype)


def lazy(x):
    return dask.array.from_array(x, chunks=(40, 30))


def never(block):
    raise AssertionError("a chunk was computed")


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_lazy_chunked_and_of_the_right_dtype(ufunc, dtype, assert_same_bits):
    inputs = [plain(dtype, seed=i) for i in range(ufunc.nin)]
    expected = ufunc(*inputs)
    result = ufunc(*map(lazy, inputs))
    assert isinstance(result, dask.array.Array)
    assert result.chunks == ((40, 40, 10), (30, 30, 10))
    assert (result.dtype, type(result._meta)) == (expected.dtype, np.ndarray)
    assert_same_bits(result.compute(), expected)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("order", [0, 1, 3, 4])
def test_derivative(order, dtype, assert_same_bits):
    x = plain(dtype)
    expected = mish.derivative(x, order)
    result = mish.derivative(lazy(x), order)
    assert result.chunks == ((40, 40, 10), (30, 30, 10))
    assert (result.dtype, type(result._meta)) == (expected.dtype, np.ndarray)
    assert_same_bits(result.compute(), expected)


def test_nothing_is_computed_before_it_is_asked_for():
    x = dask.array.ones((8, 8), chunks=3).map_blocks(never, meta=np.empty((0, 0)))
    for y in (mish.mish(x), mish.mish_grad(x, x), mish.derivative(x), mish.derivative(x, 6)):
        assert (y.shape, y.chunks) == (x.shape, x.chunks)


def test_chunks_of_unknown_length(assert_same_bits):
    x = plain("f4")
    y = mish.mish(lazy(x)[lazy(x) > 0])
    assert np.isnan(y.shape[0])
    assert np.array_equal(np.sort(y.compute()), np.sort(mish.mish(x[x > 0])))


def test_plain_arrays_and_numbers_beside_lazy_ones(assert_same_bits):
    x = plain("f4")
    assert_same_bits(mish.mish_grad(np.float32(2), lazy(x)).compute(), mish.mish_grad(2, x))
    assert_same_bits(mish.mish_grad(x, lazy(x)).compute(), mish.mish_grad(x, x))
    assert_same_bits(mish.mish(lazy(x), where=True).compute(), mish.mish(x))


@pytest.mark.parametrize("order", [1, 5])
def test_the_graph_is_pickled_and_has_the_same_name_each_time(order, assert_same_bits):
    x = plain("f8", (5, 5))
    y = mish.derivative(lazy(x), order)
    assert_same_bits(pickle.loads(pickle.dumps(y)).compute(), mish.derivative(x, order))
    assert y.name == mish.derivative(lazy(x), order).name
    assert y.name != mish.derivative(lazy(x), order + 1).name


@pytest.mark.parametrize("dtype", [complex, object, "U1", "M8[s]"], ids=str)
def test_other_dtypes_are_refused_at_once(ufunc, dtype):
    x = dask.array.from_array(np.ones(3).astype(dtype), chunks=2)
    with pytest.raises(TypeError, match=f"{ufunc.__name__}.*dtype={re.escape(str(x.dtype))}"):
        ufunc(*[x] * ufunc.nin)
    for order in (1, 4):
        message = f"derivative of order {order} .* Array of dtype {re.escape(str(x.dtype))} cannot"
        with pytest.raises(TypeError, match=message):
            mish.derivative(x, order)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted by /proc")
def test_threads_of_dask_and_of_mish_add_up_and_do_not_multiply():
    show = """
import os, dask, dask.array, numpy as np, mish
from concurrent.futures import ThreadPoolExecutor
count = lambda: len(os.listdir("/proc/self/task"))
mish.set_num_threads(3)
x = np.ones(1 << 22, np.float32)
before = count()
with ThreadPoolExecutor(4) as pool, dask.config.set(pool=pool):
    most = dask.array.from_array(x, chunks=1 << 19).map_blocks(
        lambda block: np.array([(mish.mish(block), count())[1]]), chunks=((1,) * 8,), dtype=int
    ).max().compute()
print(most - before)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", show], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 1 <= int(done.stdout) <= 4 + 2


@pytest.mark.slow
def test_larger_than_memory_while_a_worker_is_killed(tmp_path):
    """Two worker processes of 320 MB each, an array of 671 MB."""
    limit = 320
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLE, f"--elements={80 << 21}", f"--limit-mb={limit}"],
        cwd=tmp_path,
        env=environment | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "array: 671 MB in 80 chunks, float32; not computed yet" in done.stdout
    assert "threads of mish in each worker: {1}" in done.stdout
    assert "killed one worker when 26 of 80 chunks were done" in done.stdout
    assert "all 80 chunks have the bits of NumPy's result" in done.stdout
    assert int(re.search(r"largest memory of a worker: (\d+) MB", done.stdout)[1]) < limit
    assert not done.stderr
    assert list(tmp_path.iterdir()) == []
