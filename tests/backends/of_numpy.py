"""The ufuncs, and what else takes NumPy's arrays."""

from __future__ import annotations

import numpy as np
from backend import Backend

import mish

UFUNCS = (mish.mish, mish.mish_d1, mish.mish_d2, mish.mish_d3)
# native/tests prove these for float32 and the 16-bit formats, by every number that there is
BOUND = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 1.0}


def ufunc(x, order):
    return np.asarray(UFUNCS[order](x))


def derivative(x, order):
    return np.asarray(mish.derivative(x, order))


def gradient(x, order):
    return np.asarray(mish.mish_grad(x.dtype.type(1), x))


BACKENDS = [
    Backend("numpy", (), tuple(BOUND), (0, 1, 2, 3), ufunc, BOUND),
    Backend("numpy derivative", (), tuple(BOUND), (0, 1, 2, 3), derivative, BOUND),
    Backend("numpy gradient", (), tuple(BOUND), (1,), gradient, BOUND),
]
