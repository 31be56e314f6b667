"""Differential equations with known solutions, for networks that solve them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]
"""From points of shape (points, dimensions) to values of shape (points,)."""


@dataclass(frozen=True)
class Equation:
    """An equation on a box, and its solution.

    Attributes:
        low: the box's lower corner; as many numbers as there are dimensions.
        high: its upper corner.
        edges: the sides where the solution is given, each as (dimension, at the upper corner).
        residual: of points, values, first derivatives and second derivatives, the latter two of
            shape (points, dimensions) without the mixed ones; 0 for a solution.
        exact: the solution.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    edges: tuple[tuple[int, bool], ...]
    residual: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    exact: Function

    def inside(self, points: int, draw: torch.Generator) -> Tensor:
        """Draw points in the box, each dimension evenly but in an order of its own."""
        even = (torch.arange(points) + 0.5) / points
        unit = torch.stack([even[torch.randperm(points, generator=draw)] for _ in self.low], 1)
        low, high = torch.tensor(self.low), torch.tensor(self.high)
        return low + (high - low) * unit

    def boundary(self, points: int, draw: torch.Generator) -> Tensor:
        """Draw points on the sides where the solution is given, as many on each."""
        sides = []
        for dimension, upper in self.edges:
            side = self.inside(points, draw)
            side[:, dimension] = (self.high if upper else self.low)[dimension]
            sides.append(side if len(self.low) > 1 else side[:1])
        return torch.cat(sides)


def derivatives(function: Function, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Differentiate by autograd, so that what comes out can be differentiated again.

    Returns:
        Values, of shape (points,); first and second derivatives by each coordinate, of shape
        (points, dimensions).
    """
    # one leaf for each coordinate: the second derivatives wanted are no more than these
    coordinates = [each.clone().requires_grad_() for each in points.unbind(1)]
    values = function(torch.stack(coordinates, 1))
    first = _by(values, coordinates)
    second = [_by(slope, [at])[0] for slope, at in zip(first, coordinates, strict=True)]
    return values, torch.stack(first, 1), torch.stack(second, 1)


def _by(values: Tensor, coordinates: list[Tensor]) -> tuple[Tensor, ...]:
    if not values.requires_grad:
        return tuple(torch.zeros_like(each) for each in coordinates)
    return torch.autograd.grad(
        values.sum(), coordinates, create_graph=True, allow_unused=True, materialize_grads=True
    )


def _poisson_1d_residual(at: Tensor, u: Tensor, first: Tensor, second: Tensor) -> Tensor:
    x = at[:, 0]
    force = (2 * math.pi) ** 2 * torch.sin(2 * math.pi * x)
    return second[:, 0] + force + 4 * math.pi**2 * torch.sin(4 * math.pi * x)


def _poisson_1d(at: Tensor) -> Tensor:
    x = at[:, 0]
    return torch.sin(2 * math.pi * x) + torch.sin(4 * math.pi * x) / 4


_VISCOSITY = 0.1


def _burgers_residual(at: Tensor, u: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return u * first[:, 0] - _VISCOSITY * second[:, 0]


def _burgers(at: Tensor) -> Tensor:
    return -torch.tanh(at[:, 0] / (2 * _VISCOSITY))


def _poisson_2d_residual(at: Tensor, u: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return second.sum(1) + 2 * math.pi**2 * _poisson_2d(at)


def _poisson_2d(at: Tensor) -> Tensor:
    return torch.sin(math.pi * at).prod(1)


_DIFFUSION = 0.2


def _heat_residual(at: Tensor, u: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return first[:, 1] - _DIFFUSION * second[:, 0]


def _heat(at: Tensor) -> Tensor:
    x, t = at.unbind(1)
    return torch.sin(math.pi * x) * torch.exp(-_DIFFUSION * math.pi**2 * t)


_ENDS = ((0, False), (0, True))

EQUATIONS = {
    # u″ = −4π²·(sin 2πx + sin 4πx), u = 0 at 0 and 1
    "poisson-1d": Equation((0.0,), (1.0,), _ENDS, _poisson_1d_residual, _poisson_1d),
    # u·u′ = viscosity·u″: a smooth step at 0
    "burgers-1d": Equation((-1.0,), (1.0,), _ENDS, _burgers_residual, _burgers),
    # u_xx + u_yy = −2π²·sin πx·sin πy, u = 0 around
    "poisson-2d": Equation(
        (0.0, 0.0),
        (1.0, 1.0),
        (*_ENDS, (1, False), (1, True)),
        _poisson_2d_residual,
        _poisson_2d,
    ),
    # u_t = κ·u_xx, u = 0 at both ends, given at t = 0
    "heat-2d": Equation((0.0, 0.0), (1.0, 1.0), (*_ENDS, (1, False)), _heat_residual, _heat),
}
"""By name: the number of dimensions is in it; of the heat equation, time is one."""
