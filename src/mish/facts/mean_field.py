"""What an activation does in wide random networks: kernels, fixed points, depth scales.

A layer is z′ = W·f(z) + b with independent normal weights of variance σ_w²/width and biases of
variance σ_b². In the limit of infinite width, the pre-activations of two inputs are normal with
variances q and a correlation c, and

    q′ = σ_w²·E[f(u)²] + σ_b²,    q′·c′ = σ_w²·E[f(u)f(v)] + σ_b²,

where u, v are normal with variance q and correlation c (Poole et al. 2016). The derivative of
c → c′ is χ = σ_w²·E[f′(u)f′(v)]. At the fixed point q* with χ = 1 for c = 1 (the edge of chaos,
Schoenholz et al. 2017), small differences neither grow nor vanish; off it, they change like
e^(−layers/ξ). The neural tangent kernel (Jacot et al. 2018) obeys Θ′ = K′ + χ·Θ, K = q·c.

Means are computed by quadrature, to 12 digits or so; `mish facts --topic normal` has certified
ones for q = 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mish.facts._gaussian import SMOOTH, Floats, at, conditional, gauss_hermite, panels
from mish.facts._names import ACTIVATIONS as _CERTIFIED
from mish.facts._names import check_name

ACTIVATIONS = (*_CERTIFIED, "tanh")
"""The names of the activations."""

_LEAST_Q, _MOST_Q = 1e-6, 100.0  # where the edge of chaos is looked for
_GRID = 28
_GROWN = 1e4  # a variance beyond is taken to grow without end


class Moments(NamedTuple):
    """Of f(z), z normal with a mean and a standard deviation."""

    mean: float
    second: float
    variance: float
    mean_by_mean: float
    """∂E[f]/∂(mean of z), which is E[f′]."""
    mean_by_deviation: float
    """∂E[f]/∂(standard deviation of z), which is E[f′·(z − mean)]/deviation."""
    second_by_mean: float
    second_by_deviation: float


class Edge(NamedTuple):
    """A point on the edge of chaos."""

    sigma_w: float
    sigma_b: float
    q: float
    """The fixed point of the variance of pre-activations."""


class Scales(NamedTuple):
    """How many layers it takes to come e times nearer to the fixed point."""

    q: float
    """The fixed point of the variance."""
    correlation: float
    """The stable fixed point of the correlation: 1 on the ordered side."""
    chi: float
    """By how much a layer multiplies a small difference of two inputs, at correlation 1."""
    xi_q: float
    xi_c: float
    """Infinite at the edge of chaos."""


class Kernels(NamedTuple):
    """By layer, the first included."""

    q: Floats
    correlation: Floats
    tangent: Floats
    """The neural tangent kernel of the two inputs."""
    tangent_diagonal: Floats
    """That of an input with itself."""


def moments(activation: str, mean: float = 0.0, deviation: float = 1.0) -> Moments:
    """Compute the moments of f(z) and their derivatives, z normal.

    Args:
        activation: a name from ``ACTIVATIONS``.
        mean: of z.
        deviation: the standard deviation of z, positive.

    Returns:
        To 12 digits of the largest term or more.

    Raises:
        ValueError: there is no such activation, or a number is not usable.
    """
    _check(activation, deviation=deviation)
    if not math.isfinite(mean):
        raise ValueError(f"mean must be finite, not {mean}")
    z, weight = panels(activation, mean, deviation)
    x = mean + deviation * z
    f, slope = at(activation, x, 0), at(activation, x, 1)

    def average(of: Floats) -> float:
        return math.fsum(weight * of)

    first, second = average(f), average(f * f)
    return Moments(
        first,
        second,
        second - first * first,
        average(slope),
        average(slope * z),
        2 * average(f * slope),
        2 * average(f * slope * z),
    )


def dual(activation: str, q: float, correlation: float, order: int = 0) -> float:
    """Compute the dual kernel E[f⁽ᵏ⁾(u)·f⁽ᵏ⁾(v)], u and v normal of variance q.

    Args:
        activation: a name from ``ACTIVATIONS``.
        q: the variance, positive.
        correlation: from −1 to 1.
        order: 0 for f, 1 for its derivative.

    Raises:
        ValueError: an argument is none of these.
    """
    _check(activation, q=q)
    if not -1 <= correlation <= 1:
        raise ValueError(f"correlation must be from -1 to 1, not {correlation}")
    if order not in (0, 1):
        raise ValueError(f"order must be 0 or 1, not {order}")
    deviation = math.sqrt(q)
    if abs(correlation) == 1 or activation not in SMOOTH:
        z, weight = panels(activation, 0.0, deviation)
        u = deviation * z
        if abs(correlation) == 1:
            other = at(activation, correlation * u, order)
        else:
            rest = deviation * math.sqrt(1 - correlation**2)
            other = conditional(activation, correlation * u, rest, order)
        return math.fsum(weight * at(activation, u, order) * other)
    z, weight = gauss_hermite()
    # along u + v and u − v: then both sides of the product are equally smooth
    plus, minus = (deviation * math.sqrt((1 + s * correlation) / 2) for s in (1, -1))
    u, v = plus * z[:, None] + minus * z, plus * z[:, None] - minus * z
    f = at(activation, np.array([u, v]), order)
    return float(weight @ (f[0] * f[1]) @ weight)


def edge_of_chaos(activation: str, sigma_b: float) -> Edge | None:
    """Find the weights' σ_w at which a random network is at the edge of chaos.

    Args:
        activation: a name from ``ACTIVATIONS``.
        sigma_b: the biases' standard deviation, positive.

    Returns:
        The point with the least q, or None where there is none with q up to 100, as for ReLU.

    Raises:
        ValueError: there is no such activation, or ``sigma_b`` is not positive.
    """
    _check(activation, sigma_b=sigma_b)

    def excess(log_q: float) -> float:
        q = math.exp(log_q)
        square, slope_square = _squares(activation, q)
        return (square / slope_square + sigma_b**2) / q - 1

    grid = np.linspace(math.log(_LEAST_Q), math.log(_MOST_Q), _GRID)
    signs = [excess(each) > 0 for each in grid]
    for low, high, before, after in zip(grid, grid[1:], signs, signs[1:], strict=False):
        if before and not after:
            q = math.exp(_root(excess, float(low), float(high)))
            return Edge(1 / math.sqrt(_squares(activation, q)[1]), sigma_b, q)
    return None


@functools.lru_cache(maxsize=4096)
def _squares(activation: str, q: float) -> tuple[float, float]:
    """E[f²] and E[f′²] for variance q."""
    return dual(activation, q, 1), dual(activation, q, 1, 1)


def depth_scales(activation: str, sigma_w: float, sigma_b: float) -> Scales:
    """Compute the fixed point of a random network, and how fast it is reached.

    Raises:
        ArithmeticError: the variance of the layers grows without end, or does not settle.
        ValueError: there is no such activation, or a number is not positive.
    """
    _check(activation, sigma_w=sigma_w, sigma_b=sigma_b)
    q = _fixed(lambda q: sigma_w**2 * dual(activation, q, 1) + sigma_b**2, sigma_b**2 + sigma_w**2)

    def follow(c: float) -> float:
        return (sigma_w**2 * dual(activation, q, c) + sigma_b**2) / q

    chi = sigma_w**2 * dual(activation, q, 1, 1)
    c = 1.0 if chi <= 1 else _fixed(follow, 0.5)
    z, weight = panels(activation, 0.0, math.sqrt(q))
    u = math.sqrt(q) * z
    product = at(activation, u, 0) * at(activation, u, 1) * z / math.sqrt(q)
    chi_q = sigma_w**2 * math.fsum(weight * product)
    chi_c = sigma_w**2 * dual(activation, q, c, 1)
    return Scales(q, c, chi, _scale(chi_q), _scale(chi_c))


def kernels(
    activation: str,
    sigma_w: float,
    sigma_b: float,
    correlation: float,
    layers: int,
    q: float = 1.0,
) -> Kernels:
    """Follow the kernels of two inputs through a random network of infinite width.

    Args:
        activation: a name from ``ACTIVATIONS``.
        sigma_w: the weights' standard deviation, times the root of the width.
        sigma_b: the biases' standard deviation.
        correlation: of the first pre-activations.
        layers: how many layers follow the first.
        q: the variance of the first pre-activations.

    Raises:
        ValueError: an argument is not usable.
    """
    _check(activation, sigma_w=sigma_w, q=q)
    if layers < 0:
        raise ValueError(f"layers must be 0 or more, not {layers}")
    rows = [(q, correlation, q * correlation, q)]
    for _ in range(layers):
        q, c, tangent, diagonal = rows[-1]
        following = sigma_w**2 * dual(activation, q, 1) + sigma_b**2
        covariance = sigma_w**2 * dual(activation, q, c) + sigma_b**2
        tangent = covariance + tangent * sigma_w**2 * dual(activation, q, c, 1)
        diagonal = following + diagonal * sigma_w**2 * dual(activation, q, 1, 1)
        rows.append((following, min(covariance / following, 1.0), tangent, diagonal))
    return Kernels(*np.array(rows).T)


def _check(activation: str, **positive: float) -> None:
    if activation != "tanh":
        check_name(activation)
    for name, number in positive.items():
        if not 0 < number < math.inf:
            raise ValueError(f"{name} must be a positive number, not {number}")


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(48):
        middle = (low + high) / 2
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _fixed(follow: Callable[[float], float], start: float) -> float:
    """Iterate until it settles, with Aitken's extrapolation."""
    value = start
    for _ in range(200):
        one = follow(value)
        two = follow(one)
        bend = (two - one) - (one - value)
        better = value - (one - value) ** 2 / bend if bend else two
        if not better > 0 or not math.isfinite(better):
            better = two
        if abs(better - value) <= 1e-14 * abs(better):
            return float(better)
        value = better
        if not value < _GROWN:
            break
    raise ArithmeticError(
        "the layers do not settle: with these σ_w and σ_b there is no fixed point"
    )


def _scale(chi: float) -> float:
    return math.inf if abs(chi - 1) < 1e-12 else -1 / math.log(chi) if chi > 0 else 0.0
