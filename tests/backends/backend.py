"""What a back end is to its tests: a way to compute Mish and its derivatives on arrays.

Each file ``of_NAME.py`` beside this one describes those of one package in a list ``BACKENDS``;
``test_truth.py`` finds the files and holds all back ends to the same truth at the same points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Backend:
    """One way to compute Mish and its derivatives.

    Attributes:
        name: What the tests call it.
        requires: Modules without which it is skipped.
        dtypes: Of float16, bfloat16, float32 and float64 those that it computes in.
        orders: Of the derivatives 0 to 3 those that it computes.
        call: Takes an array of one of the dtypes, of any shape and strides, and an order. Returns
            an array of the same dtype and shape. It alone imports the framework.
        bound: For each dtype the largest error, in ulp of the exact value.
        beside_zeros: For each dtype the absolute error that is also good enough less than 4 away
            from a zero of the derivative, for formulas that lose digits there.
        flushes: Whether numbers below the least normal one count as zeros, as they do in programs
            that XLA makes for CPUs.
    """

    name: str
    requires: tuple[str, ...]
    dtypes: tuple[str, ...]
    orders: tuple[int, ...]
    call: Callable[[np.ndarray, int], np.ndarray]
    bound: Mapping[str, float]
    beside_zeros: Mapping[str, float] = field(default_factory=dict)
    flushes: bool = False
