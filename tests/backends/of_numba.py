"""The ufuncs inside functions that Numba compiles: on arrays, and on one number after another."""

from __future__ import annotations

import functools

import numpy as np
from backend import Backend

import mish

UFUNCS = (mish.mish, mish.mish_d1, mish.mish_d2, mish.mish_d3)
BOUND = {"float32": 1.0, "float64": 1.0}


@functools.cache
def compiled(order, one_by_one):
    import numba

    ufunc = UFUNCS[order]

    def call(x):
        return ufunc(x)

    return numba.vectorize(call) if one_by_one else numba.njit(call)


def on_arrays(x, order):
    return np.asarray(compiled(order, False)(x), x.dtype)  # Numba gives a number as a float


def on_numbers(x, order):
    return np.asarray(compiled(order, True)(x), x.dtype)


BACKENDS = [
    Backend("numba arrays", ("numba",), tuple(BOUND), (0, 1, 2, 3), on_arrays, BOUND),
    Backend("numba numbers", ("numba",), tuple(BOUND), (0, 1), on_numbers, BOUND),
]
