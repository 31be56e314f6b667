"""thinc's operations on the CPU while `mish.thinc.accelerate` holds."""

from __future__ import annotations

import numpy as np
from backend import Backend

BOUND = {"float32": 1.0, "float64": 2.0}  # thinc takes the slope for 1 from 20 on


def operation(x, order):
    from thinc.api import NumpyOps

    import mish.thinc

    ops = NumpyOps()
    with mish.thinc.accelerate():
        return ops.backprop_mish(np.ones_like(x), x) if order else ops.mish(x)


BACKENDS = [Backend("thinc", ("thinc",), tuple(BOUND), (0, 1), operation, BOUND)]
