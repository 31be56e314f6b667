"""What an activation does to the size of signals in a deep network, by quadrature.

A layer is z′ = W·f(z), with weights that are independent, of mean 0 and of variance gain²/width,
and pre-activations z that are standard normal. The next ones then have the variance
gain²·E[f(z)²], and gradients on their way back are multiplied by gain²·E[f′(z)²] (mean square).

That holds for layers whose input is the activation's output. The first layer's is data: with
standardised data its gain is 1, or the pre-activations are no longer standard normal.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from mish.facts import values

_Numbers: TypeAlias = npt.NDArray[np.float64]

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


def forward_gain(function: Callable[[_Numbers], _Numbers]) -> float:
    """Compute the forward gain of any activation: the gain that keeps the variance, 1/√E[f²].

    It is good to 12 digits for one that is analytic between whole numbers and has no singularity
    near them; for others by how smooth they are.

    Args:
        function: the activation, of an array of float64.
    """
    z, weight = _quadrature(_NODES)
    return 1 / math.sqrt(math.fsum(weight * function(z) ** 2))


def variances(activation: str, gain: float, layers: int, start: float = 1.0) -> list[float]:
    """The variance of the pre-activations of each layer of a network without end to its width.

    In such a network pre-activations are normal, so the variance q of one layer's makes the next
    one's gain²·E[f(√q·z)²], z standard normal. With the forward gain 1 stays 1, but a start that
    is not 1 moves away from it, by the drift of :func:`gain` a layer at first.

    Args:
        activation: a name from ``mish.facts.ACTIVATIONS``.
        gain: that of the weights, whose variance is gain²/fan-in.
        layers: how many layers follow the first.
        start: the variance of the first layer's pre-activations. A first layer of gain g makes
            standardised inputs g².

    Returns:
        The first layer's, which is ``start``, and one for each layer that follows: 1e-9 of each
        may be wrong while they are between 1e-6 and 1e3, for hard-swish 1e-5.

    Raises:
        ValueError: there is no such activation, ``layers`` is negative, or ``start`` or ``gain``
            is not a positive number.
    """
    if layers < 0:
        raise ValueError(f"layers must be 0 or more, not {layers}")
    for name, number in (("start", start), ("gain", gain)):
        if not 0 < number < math.inf:
            raise ValueError(f"{name} must be a positive number, not {number}")
    z, weight = _quadrature(_NODES)
    found = [float(start)]
    for _ in range(layers):
        f = values(activation, math.sqrt(found[-1]) * z)
        found.append(gain**2 * math.fsum(weight * f * f))
    return found


def _gain(activation: str, nodes: int) -> Gain:
    z, weight = _quadrature(nodes)
    f, slope = (values(activation, z, order) for order in (0, 1))

    def mean(of: _Numbers) -> float:
        return math.fsum(weight * of)

    square, slope_square = mean(f * f), mean(slope * slope)
    return Gain(
        forward=1 / math.sqrt(square),
        backward=1 / math.sqrt(slope_square),
        growth=slope_square / square,
        drift=mean(z * f * slope) / square,
        mean=mean(f),
    )


@functools.cache
def _quadrature(nodes: int) -> tuple[_Numbers, _Numbers]:
    """Places and weights for means over standard normal z: Gauss and Legendre's on each panel."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    z = (_PANELS[:, None] + (places + 1) / 2).ravel()
    weight = np.tile(weights / 2, len(_PANELS)) * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return z, weight
