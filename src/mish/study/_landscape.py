"""The loss around trained weights: how curved it is, how it rises, and whether it has hollows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import linalg
from torch import Tensor, nn

from mish.study._curvature import Objective, Vector

STEPS = 20


class Walk(NamedTuple):
    """What the loss does on straight walks away from the weights, on average."""

    rise: float
    """By how much it is higher at the end."""
    falls: float
    """All its falls on the way over the distance of its lowest value and its highest: 0 if none."""


def sharpness(objective: Objective, draw: np.random.Generator) -> float:
    """Find the largest eigenvalue of the Hessian where an objective starts, by Lanczos's method."""
    size = len(objective.start)

    def product(vector: Vector) -> Vector:
        return objective.hessian_product(objective.start, vector.ravel())

    operator = linalg.LinearOperator((size, size), product, dtype=np.float64)
    (largest,) = linalg.eigsh(
        operator, 1, which="LA", v0=draw.standard_normal(size), return_eigenvectors=False, tol=1e-4
    )
    return float(largest)


@torch.no_grad()
def walk(
    network: nn.Module, loss: Callable[[], Tensor], draw: torch.Generator, directions: int
) -> Walk:
    """Walk in random directions to the distance 1.

    Directions are normalised filter by filter: each row of a weight matrix walks as far as it is
    long, so that networks whose weights differ in size are compared alike. Biases stay.

    Args:
        network: its parameters change meanwhile, and are the same at the end.
        loss: of the network as it is.
        draw: where directions come from.
        directions: how many.
    """
    weights = [each for each in network.parameters() if each.dim() > 1]
    start = [each.clone() for each in weights]
    profiles = []
    for _ in range(directions):
        steps = []
        for weight in start:
            step = torch.randn(weight.shape, generator=draw, dtype=torch.float64)
            step *= weight.norm(dim=1, keepdim=True) / step.norm(dim=1, keepdim=True)
            steps.append(step)
        profile = []
        for distance in np.linspace(0, 1, STEPS + 1):
            for weight, origin, step in zip(weights, start, steps, strict=True):
                weight.copy_(origin + distance * step)
            profile.append(loss().item())
        profiles.append(profile)
    for weight, origin in zip(weights, start, strict=True):
        weight.copy_(origin)
    found = np.array(profiles)
    downs = -np.minimum(np.diff(found), 0).sum(1)
    return Walk(
        rise=float((found[:, -1] - found[:, 0]).mean()),
        falls=float((downs / np.ptp(found, axis=1)).mean()),
    )
