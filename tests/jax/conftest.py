"""Hard points, and the ways to call mish.jax."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

jax = pytest.importorskip("jax")

if not hasattr(jax, "enable_x64"):  # its place before JAX 0.8
    from jax.experimental import enable_x64

    jax.enable_x64 = enable_x64

HARD = (-np.inf, -3e38, -1e4, -104, -100, -90, -88.8, -40, -20, -17, -3.2673378, -2.2563764)
HARD += (-1.1924312, -1, -0.0879344, -1e-30, -0.0, 0.0, 1e-30, 0.5, 1.4905712, 2.1148426, 8, 14.5)
HARD += (20, 22, 44, 88.8, 1e4, 3e38, np.inf, np.nan)
DTYPES = [np.dtype(each) for each in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)]


def hard(dtype):
    with np.errstate(over="ignore"):
        return np.array(HARD).astype(dtype)


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    with jax.enable_x64(True):
        yield request.param


@pytest.fixture
def x(dtype):
    """The hard points and a stretch of others."""
    return np.concatenate([hard(dtype), np.linspace(-25, 25, 1001).astype(dtype)])
