"""What an activation does to the size of signals in a deep network, by quadrature.

A layer is z′ = W·f(z), with weights that are independent, of mean 0 and of variance gain²/width,
and pre-activations z that are standard normal. The next ones then have the variance
gain²·E[f(z)²], and gradients on their way back are multiplied by gain²·E[f′(z)²] (mean square).
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mish.facts import values

_PANELS = np.arange(-14.0, 14.0)  # each of width 1; the kinks lie on their edges
_NODES = 24


class Gain(NamedTuple):
    """The gains of one activation; standard normal pre-activations."""

    forward: float
    """The gain that keeps the variance of pre-activations: 1/√E[f²]."""
    backward: float
    """The gain that keeps the mean square of gradients: 1/√E[f′²]."""
    growth: float
    """By how much a layer multiplies the mean square of gradients with the forward gain."""
    drift: float
    """By how much a layer multiplies a small relative error of the variance, forward gain.

    Above 1 the variance moves away from 1 with depth.
    """
    mean: float
    """E[f]: how far the outputs are from being centred."""


@functools.cache
def gain(activation: str) -> Gain:
    """Compute the gains of an activation, to 12 digits or more.

    Args:
        activation: a name from ``mish.facts.ACTIVATIONS``.

    Raises:
        ValueError: there is no such activation.
    """
    return _gain(activation, _NODES)


def _gain(activation: str, nodes: int) -> Gain:
    """Integrate with Gauss and Legendre's rule on each panel."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    z = (_PANELS[:, None] + (places + 1) / 2).ravel()
    weight = np.tile(weights / 2, len(_PANELS)) * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    f, slope = (values(activation, z, order) for order in (0, 1))

    def mean(of: npt.NDArray[np.float64]) -> float:
        return math.fsum(weight * of)

    square, slope_square = mean(f * f), mean(slope * slope)
    return Gain(
        forward=1 / math.sqrt(square),
        backward=1 / math.sqrt(slope_square),
        growth=slope_square / square,
        drift=mean(z * f * slope) / square,
        mean=mean(f),
    )
