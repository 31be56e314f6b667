"""thinc's operations while `mish.thinc.accelerate` holds."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading

import numpy as np
import pytest

thinc = pytest.importorskip("thinc")

from thinc.api import NumpyOps  # noqa: E402

import mish.thinc  # noqa: E402

OPS = NumpyOps()
THEIRS = NumpyOps.mish, NumpyOps.backprop_mish
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.fixture
def accelerated():
    with mish.thinc.accelerate() as acceleration:
        yield acceleration


def points(dtype, shape=(64, 9), seed=0):
    return np.random.default_rng(seed).normal(0, 6, shape).astype(dtype)


# --- how it begins and ends ---


def ours():
    return (NumpyOps.mish, NumpyOps.backprop_mish) != THEIRS


def test_context_and_undo():
    assert not ours()
    with mish.thinc.accelerate():
        with mish.thinc.accelerate():
            assert ours()
        mish.thinc.accelerate().undo()
        assert ours()
    assert not ours()
    for _ in range(3):
        acceleration = mish.thinc.accelerate()
    assert ours()
    acceleration.undo()
    assert (NumpyOps.mish, NumpyOps.backprop_mish) == THEIRS


def test_threads_may_begin_and_end():
    def work():
        for _ in range(50):
            with mish.thinc.accelerate():
                assert ours()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not ours()


def test_subclasses_take_it_over(accelerated):
    class Ops(NumpyOps):
        """As that of thinc-apple-ops."""

    x = np.array([-20.0], "f")
    assert Ops().mish(x) == mish.mish(x)


def test_arguments_are_those_of_every_other_class_of_operations(accelerated):
    from thinc.backends.ops import Ops

    for name in ("mish", "backprop_mish"):
        mine = inspect.signature(getattr(NumpyOps, name)).parameters.values()
        general = inspect.signature(getattr(Ops, name)).parameters.values()
        assert [(p.name, p.default, p.kind) for p in mine] == [
            (p.name, p.default, p.kind) for p in general
        ]


def test_importing_changes_nothing():
    show = "import mish.thinc; from thinc.api import NumpyOps; print(NumpyOps.mish.__module__)"
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert "mish.thinc" not in shown.stdout


# --- values ---


@DTYPES
def test_bits_are_the_kernels(dtype, accelerated, assert_same_bits):
    x, dy = points(dtype), points(dtype, seed=1)
    assert_same_bits(OPS.mish(x), mish.mish(x))
    expected = np.where(x < 20, mish.mish_grad(dy, x), dy)
    assert_same_bits(OPS.backprop_mish(dy, x), expected)


@DTYPES
@pytest.mark.parametrize("threshold", [-np.inf, -1e300, -2.0, 0, np.float32(5), 20.0, 1e9, np.inf])
@pytest.mark.parametrize("inplace", [False, True])
def test_threshold_means_what_it_means_in_thinc(dtype, threshold, inplace, accelerated):
    x, dy = points(dtype), points(dtype, seed=1)
    with np.errstate(over="ignore"):
        limit = x.dtype.type(threshold)
    x[0, :3] = limit, np.nextafter(limit, x.dtype.type(-np.inf)), 20
    beyond = x >= limit
    y = OPS.mish(x.copy(), threshold=threshold, inplace=inplace)
    np.testing.assert_array_equal(y, np.where(beyond, x, mish.mish(x)))
    dx = OPS.backprop_mish(dy.copy(), x, threshold=threshold, inplace=inplace)
    np.testing.assert_array_equal(dx, np.where(beyond, dy, mish.mish_grad(dy, x)))


@DTYPES
def test_thinc_agrees_where_it_is_right(dtype):
    x, dy = points(dtype).clip(-8, None), points(dtype, seed=1)
    tolerance = {"rtol": 4e-4, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-11}
    for threshold in (20.0, 5.0):
        theirs = OPS.mish(x, threshold), OPS.backprop_mish(dy, x, threshold)
        with mish.thinc.accelerate():
            mine = OPS.mish(x, threshold), OPS.backprop_mish(dy, x, threshold)
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, **tolerance)


def test_saturation_is_where_the_table_says():
    """From there on a threshold makes no difference, so it need not be looked at."""
    for dtype, start in mish.thinc._SATURATION[mish.mish].items():
        x = np.linspace(start, 60, 100_001).astype(dtype)
        np.testing.assert_array_equal(mish.mish(x), x)
    for dtype, start in mish.thinc._SATURATION[mish.mish_grad].items():
        x = np.linspace(start, 60, 100_001).astype(dtype)
        np.testing.assert_array_equal(mish.mish_d1(x), 1)


@DTYPES
def test_inplace_returns_the_first_array(dtype, accelerated):
    x, dy = points(dtype), points(dtype, seed=1)
    for threshold in (20.0, 3.0):
        y, dx = x.copy(), dy.copy()
        assert OPS.mish(y, threshold, inplace=True) is y
        assert OPS.backprop_mish(dx, x, threshold, inplace=True) is dx
        np.testing.assert_array_equal(y, OPS.mish(x, threshold))
        np.testing.assert_array_equal(dx, OPS.backprop_mish(dy, x, threshold))


def test_results_are_new_arrays(accelerated):
    x = points("float32")
    before = x.copy()
    assert not np.shares_memory(OPS.mish(x), x)
    assert not np.shares_memory(OPS.backprop_mish(x, x), x)
    np.testing.assert_array_equal(x, before)


@DTYPES
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("threshold", [20.0, 2.0])
def test_strides(dtype, inplace, threshold, accelerated):
    """Thinc reads and writes memory beside what such arrays show."""
    wide, other = points(dtype, (40, 30)), points(dtype, (40, 30), 1)
    for index in (np.s_[::2, ::3], np.s_[::-1, 5], np.s_[3]):
        x, dy = wide[index], other[index]
        plain, its_dy = x.copy(), dy.copy()
        memory, memory_of_dy = wide.copy(), other.copy()
        found = OPS.mish(memory[index], threshold, inplace)
        np.testing.assert_array_equal(found, OPS.mish(plain, threshold))
        found = OPS.backprop_mish(memory_of_dy[index], x, threshold, inplace)
        np.testing.assert_array_equal(found, OPS.backprop_mish(its_dy, plain, threshold))
        memory[index], memory_of_dy[index] = x, dy
        np.testing.assert_array_equal(memory, wide)
        np.testing.assert_array_equal(memory_of_dy, other)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("threshold", [20.0, 0.0])
def test_shapes(shape, threshold, accelerated):
    x = points("float32", shape)
    for found in (OPS.mish(x, threshold), OPS.backprop_mish(x, x, threshold)):
        assert isinstance(found, np.ndarray)
        assert (found.shape, found.dtype) == (shape, x.dtype)


@DTYPES
@pytest.mark.parametrize("threshold", [20.0, 0.0])
def test_special_values(dtype, threshold, accelerated):
    x = np.array([-np.inf, -1e4, -104, -0.0, 0.0, np.nan, np.inf], dtype)
    y = OPS.mish(x, threshold)
    np.testing.assert_array_equal(y, mish.mish(x))
    np.testing.assert_array_equal(np.signbit(y[:5]), np.signbit(x[:5]))
    dx = OPS.backprop_mish(np.ones_like(x), x, threshold)
    np.testing.assert_array_equal(dx, np.where(x >= threshold, 1, mish.mish_d1(x)))


@pytest.mark.parametrize("dtype", ["float16", "int32", ">f4", "longdouble"])
def test_other_dtypes_go_to_thinc(dtype):
    x = np.array([[-2, 0, 3]], dtype)
    theirs = OPS.mish(x)
    with mish.thinc.accelerate():
        mine = OPS.mish(x)
    assert mine.dtype == theirs.dtype
    np.testing.assert_array_equal(mine, theirs)


def test_mixed_dtypes_go_to_thinc():
    x, dy = points("float64"), points("float32")
    theirs = OPS.backprop_mish(dy, x)
    with mish.thinc.accelerate():
        np.testing.assert_array_equal(OPS.backprop_mish(dy, x), theirs)


# --- what thinc's own tests ask of any class of operations ---


def test_shapes_are_kept_and_nothing_is_nan(accelerated):
    for shape in ((1, 1), (2, 3), (7, 5)):
        x = points("float32", shape)
        assert OPS.mish(x).shape == shape
        assert not np.isnan(OPS.mish(x)).any()


def test_no_gradient_gives_none_back(accelerated):
    x = points("float32")
    dx = OPS.backprop_mish(OPS.alloc(x.shape), x)
    assert dx.shape == x.shape
    assert not dx.any()


@DTYPES
def test_forward_agrees_with_pytorch(dtype, accelerated):
    torch = pytest.importorskip("torch")
    x = points(dtype)
    theirs = torch.nn.functional.mish(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(OPS.mish(x), theirs, rtol=1e-5, atol=1e-6)


@DTYPES
def test_gradient_is_that_of_a_difference_quotient(dtype, accelerated):
    x = points("float64").clip(-6, 6)
    step = 1e-6
    quotient = (OPS.mish(x + step) - OPS.mish(x - step)) / (2 * step)
    x = x.astype(dtype)
    np.testing.assert_allclose(OPS.backprop_mish(np.ones_like(x), x), quotient, atol=1e-5)


# --- layers ---


@pytest.mark.parametrize("options", [{}, {"normalize": True}], ids=["plain", "normalized"])
def test_a_layer_learns_the_same(options):
    from thinc.api import SGD, Mish, chain, fix_random_seed

    def train():
        fix_random_seed(3)
        model = chain(Mish(16, 8, **options), Mish(4, 16, **options)).initialize()
        optimizer = SGD(0.01)
        rng = np.random.default_rng(0)
        for _ in range(5):
            x = rng.normal(size=(32, 8)).astype("f")
            y, backprop = model.begin_update(x)
            backprop(y - 1)
            model.finish_update(optimizer)
        return model.predict(x)

    theirs = train()
    with mish.thinc.accelerate():
        mine = train()
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    assert not np.array_equal(mine, theirs)
