"""The scale k of mish(k x) / k, which is x·tanh(softplus(k x)), told by values.

The ratio of a value to its argument says what k x is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

WIDEST = 10
"""Scales from 2**-10 to 2**10 are told."""

OCTAVES: npt.NDArray[np.float64] = np.ldexp(1.0, np.arange(-WIDEST - 1, WIDEST + 1))
"""The arguments whose values tell."""

_STEEPEST = (0.7, 0.9)  # between these values tanh(softplus(t)) tells t well


def told(values: npt.NDArray[Any], double: bool = True) -> float | None:
    """What the scale would be by the values at `OCTAVES`; None if there is none.

    Args:
        values: of a function of one number, computed in float64.
        double: whether the scale may be a number of float64; if not, and where it is that to the
            error of this, it is the nearest number of float32.
    """
    ratio = values / OCTAVES
    steep = np.flatnonzero((ratio > _STEEPEST[0]) & (ratio < _STEEPEST[1]))
    if not steep.size:
        return None
    at = steep[0]
    scale = math.log(math.expm1(math.atanh(ratio[at]))) / float(OCTAVES[at])
    near = float(np.float32(scale))
    if not double or abs(near - scale) < 1e-12 * scale:
        scale = near
    return scale if 2.0**-WIDEST <= scale <= 2.0**WIDEST else None
