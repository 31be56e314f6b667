"""mish.jax on the CPU, by its kernel and by the formula that XLA fuses."""

from __future__ import annotations

from functools import partial

import numpy as np
from backend import Backend

FORMATS = ("float16", "bfloat16", "float32", "float64")
# Of the formula, for each order: its polynomials lose more digits the longer they are.
BOUND = {0: 5.0, 1: 6.0, 2: 11.0, 3: 16.0}
HALVES = {"float16": 0.51, "bfloat16": 0.51}
BESIDE_ZEROS = {"float16": 5e-7, "bfloat16": 5e-7, "float32": 5e-7, "float64": 1e-15}


def derivative(x, order, kernel):
    import jax

    import mish.jax

    with jax.enable_x64(True):
        return np.asarray(mish.jax.derivative(x, order, kernel=kernel))


NATIVE = Backend(
    name="jax-native",
    requires=("jax",),
    dtypes=FORMATS,
    orders=(0, 1, 2, 3),
    call=partial(derivative, kernel="native"),
    bound={"float16": 0.5, "bfloat16": 0.5, "float32": 0.999, "float64": 0.999},
)


def fused(order):
    return Backend(
        name=f"jax-fused-order-{order}",
        requires=("jax",),
        dtypes=FORMATS,
        orders=(order,),
        call=partial(derivative, kernel="fused"),
        bound=HALVES | {"float32": BOUND[order], "float64": BOUND[order]},
        beside_zeros=BESIDE_ZEROS,
        flushes=True,
    )


BACKENDS = [NATIVE, *map(fused, BOUND)]
