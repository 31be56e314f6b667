"""Activations in plain float64, and quadrature of them over normal arguments."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

import mish
from mish.facts._pieces import PIECES, piecewise_values

_HERMITE_NODES = 64
_PANEL_NODES = 24
_WIDEST = 9.0  # standard deviations

Floats = npt.NDArray[np.float64]


def at(activation: str, x: Floats, order: int) -> Floats:
    """Compute an activation or its slope (order 1); `mish.facts.values` is slower and certified."""
    if activation in SMOOTH:
        with np.errstate(over="ignore"):
            return SMOOTH[activation][order](x)
    return np.nan_to_num(piecewise_values(activation, x, order))  # a kink has no weight


def _gate(x: Floats) -> Floats:
    gate: Floats = 1 / (1 + np.exp(-x))
    return gate


def _gate_slope(x: Floats) -> Floats:
    return _gate(x) * _gate(-x)


def _cubic(x: Floats) -> Floats:
    return math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)


def _cubic_slope(x: Floats) -> Floats:
    return math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * x * x)


def _phi(x: Floats) -> Floats:
    """The normal distribution function."""
    flat = [math.erfc(-each / math.sqrt(2)) / 2 for each in x.ravel().tolist()]
    return np.array(flat).reshape(x.shape)


def _density(x: Floats) -> Floats:
    density: Floats = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return density


SMOOTH: dict[str, tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]] = {
    "mish": (mish.mish, mish.mish_d1),
    "silu": (lambda x: x * _gate(x), lambda x: _gate(x) + x * _gate_slope(x)),
    "gelu": (lambda x: x * _phi(x), lambda x: _phi(x) + x * _density(x)),
    "gelu_tanh": (
        lambda x: x * _gate(_cubic(x)),
        lambda x: _gate(_cubic(x)) + x * _cubic_slope(x) * _gate_slope(_cubic(x)),
    ),
    "softplus": (lambda x: np.logaddexp(0, x), _gate),
    "tanh": (np.tanh, lambda x: 4 * _gate_slope(2 * x)),
}


@functools.cache
def gauss_hermite() -> tuple[Floats, Floats]:
    """Places and weights over standard normal z, for smooth functions."""
    z, weight = np.polynomial.hermite_e.hermegauss(_HERMITE_NODES)
    return z, weight / math.sqrt(2 * math.pi)


@functools.cache
def _gauss_legendre() -> tuple[Floats, Floats]:
    places, weights = np.polynomial.legendre.leggauss(_PANEL_NODES)
    return places, weights


def panels(activation: str, mean: float, deviation: float) -> tuple[Floats, Floats]:
    """Places and weights over standard normal z: panels that begin and end at kinks."""
    breaks = PIECES[activation][0] if activation in PIECES else ()
    kinks = [(each - mean) / deviation for each in breaks]
    step = 1.0 if activation not in SMOOTH else min(1.0, 2 / deviation)
    regular = np.arange(-_WIDEST, _WIDEST + step / 2, step)
    edges = np.unique([*regular, *(each for each in kinks if abs(each) < _WIDEST)])
    places, weights = _gauss_legendre()
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half * (places + 1)).ravel()
    weight = (half * weights).ravel() * _density(z)
    return z, weight


def conditional(activation: str, mean: Floats, deviation: float, order: int) -> Floats:
    """E[f⁽ᵏ⁾(v)] for v normal, piece by piece: truncated moments, and that of eᵛ − 1."""
    breaks, pieces = PIECES[activation]
    ends = [-math.inf, *breaks, math.inf]
    total = np.zeros_like(mean)
    for piece, low, high in zip(pieces, ends, ends[1:], strict=False):
        a, b = ((end - mean) / deviation for end in (low, high))
        zeroth = _phi(b) - _phi(a)
        if piece is None:
            shifted = np.exp(mean + deviation**2 / 2) * (_phi(b - deviation) - _phi(a - deviation))
            total += shifted if order else shifted - zeroth
            continue
        at_a, at_b = (_density(end) for end in (a, b))
        low_term, high_term = (
            np.where(np.isfinite(end), end, 0.0) * at for end, at in ((a, at_a), (b, at_b))
        )
        first = at_a - at_b  # of the standard normal
        second = zeroth + low_term - high_term
        powers = [
            zeroth,
            mean * zeroth + deviation * first,
            mean**2 * zeroth + 2 * mean * deviation * first + deviation**2 * second,
        ]
        for coefficient, power in zip(piece.deriv(order).coef, powers, strict=False):
            total += float(coefficient) * power
    return total
