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


def strict(x, order):
    import array_api_strict

    return np.asarray(formula.derivative(array_api_strict.asarray(x), order))


NAMESPACES = {  # with the modules that they need, and the formats that they have
    "numpy": ((), FORMATS, numpy_),
    "torch": (("torch",), FORMATS, torch_),
    "strict": (("array_api_compat", "array_api_strict"), FORMATS[1:], strict),
}
BACKENDS = [
    Backend(
        f"formula {name} {order}",
        requires,
        formats,
        (order,),
        call,
        dict.fromkeys(formats, bound),
        BESIDE_ZEROS if order else {},
    )
    for name, (requires, formats, call) in NAMESPACES.items()
    for order, bound in BOUND.items()
]
