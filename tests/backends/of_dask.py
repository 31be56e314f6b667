"""Dask's arrays of NumPy's."""

from __future__ import annotations

import numpy as np
from backend import Backend

import mish

BOUND = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 1.0}


def derivative(x, order):
    import dask.array

    lazy = dask.array.from_array(x, chunks=max(1, x.size // 3))
    y = mish.derivative(lazy, order) if order else mish.mish(lazy)
    return np.asarray(y.compute(scheduler="synchronous"))


BACKENDS = [Backend("dask", ("dask",), tuple(BOUND), (0, 1, 2, 3), derivative, BOUND)]
