"""Mish on arrays that four devices share: run by test_devices.py, in a process of its own."""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import mish.jax

X = np.linspace(-8, 8, 16 * 8, dtype=np.float32).reshape(16, 8)
SPECS = (P("a"), P(None, "b"), P("a", "b"), P(("a", "b")), P())
COLLECTIVES = ("all-gather", "all-reduce", "all-to-all", "collective", "reduce-scatter")


def mesh(kind):
    return jax.make_mesh((2, 2), ("a", "b"), axis_types=(kind, kind))


def alone(program, *arguments):
    """Run it, and see that its devices do not talk."""
    compiled = program.lower(*arguments).compile()
    text = compiled.as_text()
    talk = [each for each in COLLECTIVES if each in text]
    assert not talk, f"{talk} in {text}"
    return compiled(*arguments)


def check(kernel):
    def value(v):
        return mish.jax.mish(v * 2, kernel=kernel)

    def slope(dy, v):
        return jax.vjp(value, v)[1](dy)[0]

    expected = value(X), slope(X, X)
    for kind in (AxisType.Auto, AxisType.Explicit):
        for spec in SPECS if kind == AxisType.Auto else SPECS[2:3]:
            sharding = NamedSharding(mesh(kind), spec)
            with jax.set_mesh(sharding.mesh):
                x = jax.device_put(X, sharding)
                for got, exact in zip(
                    (alone(jax.jit(value), x), alone(jax.jit(slope), x, x)), expected, strict=True
                ):
                    assert got.sharding.is_equivalent_to(sharding, 2), got.sharding
                    np.testing.assert_array_equal(got, exact)
    auto = mesh(AxisType.Auto)
    mapped = jax.shard_map(value, mesh=auto, in_specs=P("a", "b"), out_specs=P("a", "b"))
    np.testing.assert_array_equal(alone(jax.jit(mapped), X), expected[0])
    np.testing.assert_array_equal(
        jax.grad(lambda v: mapped(v).sum())(X), slope(jnp.ones_like(X), X)
    )
    inside = jax.grad(lambda v: value(v).sum())
    inside = jax.shard_map(inside, mesh=auto, in_specs=P("a"), out_specs=P("a"))
    np.testing.assert_array_equal(inside(X), slope(jnp.ones_like(X), X))
    shared = jax.shard_map(
        lambda w, v: jax.lax.psum((value(w) * v).sum(), ("a", "b")),
        mesh=auto,
        in_specs=(P("b"), P("a", "b")),
        out_specs=P(),
    )
    w = jnp.linspace(-1, 1, 8)
    plain = jax.grad(lambda w: (value(w) * X).sum())(w)
    np.testing.assert_allclose(jax.grad(shared)(w, X), plain, rtol=1e-5)


for kernel in ("fused", "native"):
    check(kernel)
parallel = jax.pmap(mish.jax.mish)(X.reshape(4, 4, 8))
np.testing.assert_array_equal(parallel.reshape(X.shape), mish.jax.mish(X))
print("done on", jax.device_count(), "devices")
