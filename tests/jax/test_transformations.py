"""What JAX makes of the functions: derivatives, batches, loops, recomputation, exports."""

from __future__ import annotations

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import jet
from jax.test_util import check_grads

import mish
import mish.jax

X = np.linspace(-6, 6, 49, dtype=np.float32)


def truth(order, x=X):
    return mish.derivative(x.astype(np.float64), order)


@pytest.mark.parametrize("kernel", ["fused", "native"])
def test_forward_and_reverse_mode_to_order_5(kernel):
    def deeper(function, mode):
        if mode == "reverse":
            return jax.grad(function)
        return lambda v: jax.jvp(function, (v,), (1.0,))[1]

    function = lambda v: mish.jax.mish(v, kernel=kernel)  # noqa: E731
    for order, mode in enumerate(("reverse", "forward", "reverse", "reverse", "forward"), 1):
        function = deeper(function, mode)
        got = jax.jit(jax.vmap(function))(X)
        np.testing.assert_allclose(got, truth(order), atol=5e-7 * np.max(np.abs(truth(order))))


def test_tangents_and_cotangents():
    t = jnp.linspace(1, 2, X.size)
    y, dy = jax.jvp(mish.jax.mish, (X,), (t,))
    np.testing.assert_array_equal(y, mish.mish(X))
    np.testing.assert_allclose(dy, truth(1) * t, rtol=1e-6, atol=1e-7)
    y, linear = jax.linearize(mish.jax.mish, X)
    np.testing.assert_array_equal(linear(t), dy)
    np.testing.assert_array_equal(jax.linear_transpose(linear, t)(t)[0], dy)
    hessian = jax.hessian(lambda v: mish.jax.mish(v).sum())(jnp.asarray(X[:5]))
    np.testing.assert_allclose(hessian, np.diag(truth(2, X[:5])), rtol=1e-6, atol=1e-7)


def test_reverse_mode_keeps_the_input_alone():
    backward = jax.vjp(lambda v: mish.jax.mish(v * 1.0), jnp.asarray(X))[1]
    kept = [each for each in jax.tree.leaves(backward) if np.shape(each) == X.shape]
    assert len(kept) == 1
    np.testing.assert_array_equal(kept[0], X)


@pytest.mark.parametrize("kernel", ["fused", "native"])
def test_batches(kernel):
    x = jnp.asarray(X[:24].reshape(2, 3, 4))

    def slope(v, t):
        return jax.jvp(lambda u: mish.jax.mish(u, kernel=kernel), (v,), (t,))[1]

    for axis in range(3):
        got = jax.vmap(lambda v: mish.jax.mish(v, kernel=kernel), axis, axis)(x)
        np.testing.assert_array_equal(got, mish.jax.mish(x, kernel=kernel))
    expected = slope(x, x)
    np.testing.assert_array_equal(jax.vmap(slope, (1, 1), 1)(x, x), expected)
    turned = jnp.moveaxis(x, 2, 0)
    np.testing.assert_array_equal(jax.vmap(slope, (2, 0), 2)(x, turned), expected)
    one = x[0]
    both = jnp.broadcast_to(one, x.shape)
    np.testing.assert_array_equal(jax.vmap(slope, (None, 0))(one, x), slope(both, x))
    np.testing.assert_array_equal(jax.vmap(slope, (0, None))(x, one), slope(x, both))


def test_loops():
    def step(total, v):
        total = mish.jax.mish(total + v)
        return total, total

    def last(start):
        return jax.lax.scan(step, start, jnp.asarray(X))[0]

    total, slope = 0.5, 1.0
    for v in X.astype(np.float64):
        slope *= mish.mish_d1(total + v)
        total = mish.mish(total + v)
    np.testing.assert_allclose(jax.jit(last)(0.5), total, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.grad(last))(0.5), slope, rtol=1e-5)


@pytest.mark.parametrize(
    ("policy", "computed"),
    [
        ("nothing_saveable", 2),
        ("everything_saveable", 1),
        ("dots_saveable", 1),
    ],
)
def test_recomputation(policy, computed):
    """How often a gradient computes the first of two layers, and that it is the same each time."""
    w = jnp.asarray(np.random.default_rng(0).standard_normal((4, 4)), jnp.float32)

    def layers(v):
        return mish.jax.mish(mish.jax.mish(v @ w) @ w).sum()

    kept = jax.checkpoint(layers, policy=getattr(jax.checkpoint_policies, policy))
    v = jnp.ones((2, 4))
    np.testing.assert_allclose(jax.grad(kept)(v), jax.grad(layers)(v), rtol=1e-5)
    program = str(jax.make_jaxpr(jax.grad(kept))(v))
    assert program.count("order=0") - 1 == computed  # the last one's value is summed


@pytest.mark.parametrize("depth", [1, 4])
def test_taylor_mode(depth):
    """Against repeated differentiation; x(t) = sin t stands inside."""
    point = 0.5
    series = [1.0] + [0.0] * (depth - 1)
    function = lambda t: mish.jax.mish(jnp.sin(t))  # noqa: E731
    value, terms = jet.jet(function, (point,), (series,))
    np.testing.assert_allclose(value, function(point), rtol=1e-6)
    for term in terms:
        function = jax.grad(function)
        np.testing.assert_allclose(term, function(point), rtol=1e-5)
    slope, (second,) = jet.jet(jax.grad(mish.jax.mish), (point,), ([1.0],))
    np.testing.assert_allclose([slope, second], [mish.mish_d1(0.5), mish.mish_d2(0.5)], rtol=1e-6)


def test_taylor_mode_at_infinity():
    value, terms = jet.jet(mish.jax.mish, (jnp.array([-np.inf, np.inf]),), ([jnp.ones(2)] * 2,))
    np.testing.assert_array_equal(value, [0, np.inf])
    np.testing.assert_array_equal(np.isnan(terms), False)


def test_what_jax_checks_of_its_own():
    check_grads(mish.jax.mish, (1e-8,), order=4, modes=("rev",))
    check_grads(mish.jax.mish, (1e-8,), order=2)
    for point in (0.0, -np.inf, np.nan):
        check_grads(mish.jax.mish, (point,), order=1)
    np.testing.assert_allclose(mish.jax.mish(1e3), 1e3)
    for dtype in (jnp.float16, jnp.bfloat16, jnp.float32):
        y = mish.jax.mish(jnp.zeros((), dtype))
        assert (y, y.dtype) == (0, dtype)
    jax.make_jaxpr(lambda: mish.jax.mish(jnp.ones((10**12,))))  # not computed
    with jax.checking_leaks():
        jax.jit(lambda: jax.lax.scan(lambda c, _: (mish.jax.mish(c), None), 0.5, None, length=2))()


def test_exported_programs_take_the_formula():
    sizes = jax.export.symbolic_shape("n, 3")
    exported = jax.export.export(jax.jit(mish.jax.mish), platforms=("cpu", "cuda", "tpu"))(
        jax.ShapeDtypeStruct(sizes, np.float32)
    )
    assert "custom_call @mish" not in exported.mlir_module()
    again = jax.export.deserialize(exported.serialize(vjp_order=1))
    x = X[:9].reshape(3, 3)
    np.testing.assert_array_equal(again.call(x), mish.jax.mish(x, kernel="fused"))
    got = jax.grad(lambda v: again.call(v).sum())(x)
    np.testing.assert_array_equal(got, mish.jax.derivative(x, kernel="fused"))


def test_other_platforms_take_the_formula():
    lowered = jax.jit(mish.jax.mish).trace(X).lower(lowering_platforms=("cuda",))
    assert "exponential" in lowered.as_text()
    assert "custom_call" not in lowered.as_text()
