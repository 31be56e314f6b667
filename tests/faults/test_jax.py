"""Bad input to mish.jax."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

import mish.jax  # noqa: E402
from mish.jax import _version  # noqa: E402


@pytest.mark.parametrize("x", ["1", b"1", [1.0], (1.0,), None, {}], ids=repr)
def test_what_is_no_array(x):
    for function in (mish.jax.mish, mish.jax.derivative):
        with pytest.raises(TypeError, match=rf"x must be an array .*, not {type(x).__name__};"):
            function(x)


@pytest.mark.parametrize(
    "x",
    [np.array(["a"]), np.array([None]), np.array(["2020"], "datetime64[D]"), np.str_("a")],
    ids=repr,
)
def test_elements_that_are_no_numbers(x):
    with pytest.raises(TypeError, match=r"x must hold numbers, not elements of dtype"):
        mish.jax.mish(x)


def test_random_keys():
    with pytest.raises(TypeError, match=r"x must hold numbers, not elements of dtype key"):
        mish.jax.mish(jax.random.key(0))


@pytest.mark.parametrize("x", [1j, np.complex64(1), jnp.ones(2, jnp.complex64)], ids=repr)
def test_complex_numbers(x):
    for function in (mish.jax.mish, jax.jit(mish.jax.mish)):
        with pytest.raises(TypeError, match=r"x must be real, not complex64"):
            function(x)


@pytest.mark.parametrize(
    ("order", "error", "message"),
    [
        (-1, ValueError, "order must be 0 or more, not -1"),
        (21, ValueError, "order must be at most 20, not 21: .*mish.derivative has orders up to"),
        (1.0, TypeError, "order must be an integer, not float"),
        ("1", TypeError, "order must be an integer, not str"),
        (True, TypeError, "order must be an integer, not a truth value"),
        (None, TypeError, "order must be an integer, not NoneType"),
    ],
)
def test_orders(order, error, message):
    with pytest.raises(error, match=message):
        mish.jax.derivative(jnp.ones(2), order)


def test_a_traced_order():
    with pytest.raises(TypeError, match=r"order must be a Python integer, not a traced value"):
        jax.jit(mish.jax.derivative)(jnp.ones(2), 1)


def test_differentiated_beyond_the_last_order():
    with pytest.raises(ValueError, match=r"order must be at most 20, not 21"):
        jax.grad(lambda v: mish.jax.derivative(v, 20))(1.0)


@pytest.mark.parametrize("kernel", ["fast", "", None, 1, ["native"]])
def test_kernels(kernel):
    with pytest.raises(ValueError, match=r"kernel must be one of 'auto', 'fused', 'native', not"):
        mish.jax.mish(1.0, kernel=kernel)


def test_what_the_native_kernel_does_not_serve():
    with pytest.raises(ValueError, match=r"kernel='native' serves orders 0 to 3, not 4"):
        mish.jax.derivative(1.0, 4, kernel="native")
    with pytest.raises(ValueError, match=r"serves float16, .*float64, not float8_e5m2"):
        mish.jax.mish(jnp.ones(2, jnp.float8_e5m2), kernel="native")
    traced = jax.jit(lambda v: mish.jax.mish(v, kernel="native")).trace(jnp.ones(2))
    with pytest.raises(NotImplementedError, match=r"kernel='native' is for programs on the CPU"):
        traced.lower(lowering_platforms=("cuda",))
    with pytest.raises(NotImplementedError, match=r"kernel='native' is for programs on the CPU"):
        jax.jit(jax.grad(lambda v: mish.jax.mish(v, kernel="native"))).trace(1.0).lower(
            lowering_platforms=("tpu",)
        )


@pytest.mark.parametrize("version", ["0.4.38", "0.6.2", "0.5.0.dev20250101"])
def test_a_jax_that_is_too_old(version):
    with pytest.raises(ImportError, match=rf"needs JAX 0.7.0 or newer, and {version} is installed"):
        _version.check(version)


@pytest.mark.parametrize("version", ["0.7.0", "0.10.2", "1.0.0", "0.11.0.dev1+g12ab"])
def test_a_jax_that_is_new_enough(version):
    _version.check(version)


def test_the_import_refuses_a_jax_that_is_too_old():
    show = "import jax; jax.__version__ = '0.4.30'; import mish.jax"
    shown = subprocess.run(
        [sys.executable, "-c", show], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 1
    assert "pip install 'jax>=0.7.0'" in shown.stderr
