"""mish.formula over array namespaces, not compiled."""

from __future__ import annotations

import numpy as np
from backend import Backend

from mish import formula

FORMATS = ("float16", "float32", "float64")
# Of each order by itself: the polynomials lose more digits the longer they are.
BOUND = {0: 7.0, 1: 9.0, 2: 12.0, 3: 18.0}
BESIDE_ZEROS = {each: 4 * float(np.finfo(each).eps) for each in FORMATS}


def numpy_(x, order):
    return np.asarray(formula.derivative(x, order, np))


def torch_(x, order):
    import torch

    return formula.derivative(torch.from_numpy(x), order, torch).numpy()


BACKENDS = [
    Backend(
        f"formula {name} {order}",
        requires,
        FORMATS,
        (order,),
        call,
        dict.fromkeys(FORMATS, bound),
        BESIDE_ZEROS if order else {},
    )
    for name, requires, call in (("numpy", (), numpy_), ("torch", ("torch",), torch_))
    for order, bound in BOUND.items()
]
