"""Values: by the native kernel the bits of mish.mish, by the formula close to them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import mish
import mish.jax

LIMITS = {0: (0, np.inf), 1: (0, 1), 2: (0, 0), 3: (0, 0)}


@pytest.mark.parametrize("order", range(4))
@pytest.mark.parametrize("kernel", ["auto", "native"])
def test_native_results_are_those_of_numpy(x, order, kernel, assert_same_bits):
    got = np.asarray(mish.jax.derivative(x, order, kernel=kernel))
    finite = ~np.isnan(x)
    assert_same_bits(got[finite], mish.derivative(x, order)[finite])
    assert np.all(np.isnan(got[~finite]))


@pytest.mark.parametrize("order", range(1, 4))
def test_native_slopes(x, dtype, order):
    x = x[np.abs(x.astype(np.float64)) <= 25]
    got = jax.vjp(lambda v: mish.jax.derivative(v, order - 1, kernel="native"), x)[1](x)[0]
    wide = x.astype(np.float64)
    truth = mish.derivative(wide, order) * wide
    format_ = ml_dtypes.finfo(dtype)
    rtol, atol = float(format_.eps), 26 * float(format_.smallest_subnormal)
    np.testing.assert_allclose(np.asarray(got).astype(np.float64), truth, rtol=rtol, atol=atol)


def test_the_backward_pass_is_one_kernel(x, assert_same_bits):
    x = x[np.isfinite(x)]
    dy = x[::-1].copy()
    program = jax.jit(lambda dy, v: jax.vjp(mish.jax.mish, v)[1](dy)[0])
    assert_same_bits(np.asarray(program(dy, x)), mish.mish_grad(dy, x))
    assert program.lower(dy, x).as_text().count("custom_call") == 1


def test_fused_results_in_float32():
    x = np.concatenate([np.linspace(-100, 100, 100_001), np.linspace(-8, 8, 100_001)])
    x = x.astype(np.float32)
    wide = x.astype(np.float64)
    for order, allowed in ((0, None), (1, 5e-7), (2, 5e-7), (3, 5e-7)):
        truth = mish.derivative(wide, order)
        got = np.asarray(mish.jax.derivative(x, order, kernel="fused")).astype(np.float64)
        ulp = np.spacing(np.abs(truth).astype(np.float32)).astype(np.float64)
        normal = np.abs(truth) > np.finfo(np.float32).tiny  # XLA makes zeros of smaller ones
        error = np.abs(got - truth)
        if allowed is None:
            assert np.max((error / ulp)[normal]) <= 5
        else:
            assert np.max(error) <= allowed
            assert np.max((error / ulp)[normal & (x < -17)]) <= 6


def test_fused_results_in_float64():
    with jax.enable_x64(True):
        x = np.concatenate([np.linspace(-700, 100, 20_001), np.linspace(-8, 8, 20_001)])
        for order in range(4):
            got = np.asarray(mish.jax.derivative(x, order, kernel="fused"))
            truth = mish.derivative(x, order)
            np.testing.assert_allclose(got, truth, rtol=4e-15, atol=1e-15)


@pytest.mark.parametrize("kernel", ["fused", "native"])
@pytest.mark.parametrize("order", range(4))
def test_only_nan_gives_nan(x, order, kernel):
    """By derivative, and by automatic differentiation as deep."""
    function = lambda v: mish.jax.mish(v, kernel=kernel)  # noqa: E731
    for _ in range(order):
        function = jax.grad(function)
    left, right = LIMITS[order]
    for found in (mish.jax.derivative(x, order, kernel=kernel), jax.jit(jax.vmap(function))(x)):
        got = np.asarray(found).astype(np.float64)
        np.testing.assert_array_equal(np.isnan(got), np.isnan(x))
        np.testing.assert_array_equal(got[x == -np.inf], left)
        np.testing.assert_array_equal(got[x == np.inf], right)


@pytest.mark.parametrize("order", [4, 8, 20])
def test_high_orders_are_computed_in_float64(order):
    assert not jax.config.jax_enable_x64
    x = np.linspace(-25, 20, 2001).astype(np.float32)
    truth = mish.derivative(x.astype(np.float64), order)
    got = np.asarray(mish.jax.derivative(x, order))
    assert got.dtype == np.float32
    assert np.max(np.abs(got - truth)) <= 5e-7 * np.max(np.abs(truth))
    slope = jax.vjp(lambda v: mish.jax.derivative(v, order - 1), x)[1](np.ones_like(x))[0]
    assert np.max(np.abs(slope - truth)) <= 5e-7 * np.max(np.abs(truth))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 5)], ids=str)
def test_shapes(shape):
    x = np.linspace(-3, 3, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    for kernel in ("fused", "native"):
        got = mish.jax.mish(x, kernel=kernel)
        assert (got.shape, got.dtype) == (shape, np.float32)
        np.testing.assert_allclose(got, mish.mish(x), rtol=1e-6)


def test_layouts():
    """A transposed operand, whose elements XLA may leave in another order."""
    x = jnp.linspace(-5, 5, 24, dtype=jnp.float32).reshape(2, 3, 4)
    got = jax.jit(lambda v: mish.jax.mish(jnp.transpose(v, (2, 0, 1)), kernel="native"))(x)
    np.testing.assert_array_equal(got, mish.mish(np.asarray(x).transpose(2, 0, 1)))


@pytest.mark.parametrize("wide", [False, True])
def test_what_becomes_of_other_dtypes_is_as_in_jax_nn(wide):
    values = [2, True, 2.5, np.float64(2), np.int8(3), np.array([True, False])]
    values += [np.arange(3, dtype=f"{sign}{size}") for sign in "iu" for size in (1, 2, 4, 8)]
    values += [jnp.ones(2, jnp.float8_e5m2), jnp.float32(1), jnp.arange(3)]
    with jax.enable_x64(wide):
        for value in values:
            got, theirs = mish.jax.mish(value), jax.nn.mish(value)
            assert (got.dtype, got.shape) == (theirs.dtype, theirs.shape), repr(value)
            rtol = 3 * float(ml_dtypes.finfo(got.dtype).eps)
            np.testing.assert_allclose(
                np.asarray(got).astype(float), np.asarray(theirs).astype(float), rtol=rtol
            )
        for number in (2, True, 2.5):
            assert mish.jax.mish(number).weak_type


def test_objects_that_are_arrays_to_jax():
    class Parameter:
        def __jax_array__(self):
            return jnp.ones(3)

    np.testing.assert_array_equal(mish.jax.mish(Parameter()), mish.jax.mish(jnp.ones(3)))


def test_without_compilation():
    x = np.linspace(-5, 5, 11, dtype=np.float32)
    with jax.disable_jit():
        np.testing.assert_array_equal(mish.jax.mish(x), mish.mish(x))
        np.testing.assert_allclose(jax.grad(mish.jax.mish)(1.0), mish.mish_d1(1.0), rtol=1e-6)
