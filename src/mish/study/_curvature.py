"""Minimising over a whole batch, by methods that use curvature and by others, at equal cost.

The unit of cost is a pass: the loss and its gradient once, forward and backward. A product of the
Hessian, or of the Gauss-Newton matrix, with a vector goes the same way twice and costs two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from scipy import optimize
from torch import Tensor, nn

from mish.study._training import Diverged

Vector: TypeAlias = npt.NDArray[np.float64]

STEPPERS = ("sgd", "adam")
"""Methods with a learning rate."""
METHODS = (*STEPPERS, "lbfgs", "newton-cg", "gauss-newton")


class Spent(Exception):
    """The passes are used up."""


class Objective:
    """The loss of a network as a function of one vector, all its parameters.

    Args:
        network: of float64; its parameters change in place.
        loss: of outputs and targets.
        inputs: all examples.
        targets: theirs.
        passes: how many may be spent.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        inputs: Tensor,
        targets: Tensor,
        passes: int,
    ) -> None:
        self.passes = passes
        self.spent = 0
        self._network = network
        self._parameters = list(network.parameters())
        self._sizes = [each.numel() for each in self._parameters]
        self._loss = loss
        self._inputs = inputs
        self._targets = targets
        self._place = np.empty(0)
        self.start = _flat(self._parameters)
        self.best = self.start
        self.lowest = math.inf

    def value_and_gradient(self, place: Vector) -> tuple[float, Vector]:
        """Give the loss and its gradient; Spent is raised where no pass is left."""
        self._pay(1)
        self._move(place)
        value = self._value.item()
        if value < self.lowest:
            self.lowest, self.best = value, place.copy()
        return value, _flat(self._gradient)

    def hessian_product(self, place: Vector, vector: Vector) -> Vector:
        """Multiply the Hessian with a vector, the gradient of (gradient · vector)."""
        self._pay(2)
        self._move(place)
        inner = _inner(self._gradient, self._split(vector))
        return _flat(self._grad(inner))

    def gauss_newton_product(self, place: Vector, vector: Vector) -> Vector:
        """Multiply JᵀHJ with a vector: J of the outputs, H the loss's Hessian by outputs.

        J·v is the derivative, by u, of (Jᵀu · v).
        """
        self._pay(2)
        self._move(place)
        dual = torch.zeros_like(self._outputs, requires_grad=True)
        pulled = torch.autograd.grad(self._outputs, self._parameters, dual, create_graph=True)
        pushed = self._grad(_inner(pulled, self._split(vector)), [dual])[0]
        curved = self._grad((self._slope * pushed).sum(), [self._outputs])[0]
        return _flat(
            torch.autograd.grad(self._outputs, self._parameters, curved, retain_graph=True)
        )

    def take_best(self) -> None:
        """Give the network the parameters of the lowest loss seen."""
        nn.utils.vector_to_parameters(torch.from_numpy(self.best), self._parameters)

    def _pay(self, passes: int) -> None:
        if self.spent + passes > self.passes:
            raise Spent
        self.spent += passes

    def _move(self, place: Vector) -> None:
        """Evaluate all that the products need, once a place."""
        if np.array_equal(place, self._place):
            return
        self._place = place.copy()
        nn.utils.vector_to_parameters(torch.from_numpy(self._place), self._parameters)
        self._outputs = self._network(self._inputs)
        self._value = self._loss(self._outputs, self._targets)
        (self._slope,) = torch.autograd.grad(self._value, [self._outputs], create_graph=True)
        self._gradient = torch.autograd.grad(self._value, self._parameters, create_graph=True)

    def _grad(self, of: Tensor, by: list[Tensor] | None = None) -> tuple[Tensor, ...]:
        """Differentiate and keep the graph; 0 where it has no path, as for pieces of lines."""
        by = list(self._parameters) if by is None else by
        if not of.requires_grad:
            return tuple(torch.zeros_like(each) for each in by)
        return torch.autograd.grad(
            of, by, retain_graph=True, allow_unused=True, materialize_grads=True
        )

    def _split(self, vector: Vector) -> list[Tensor]:
        parts = torch.split(torch.from_numpy(vector), self._sizes)
        return [part.view_as(like) for part, like in zip(parts, self._parameters, strict=True)]


def minimise(objective: Objective, method: str, rate: float) -> None:
    """Spend the passes of an objective on its minimum; `Objective.lowest` is what was reached.

    Args:
        objective: begins where its network is.
        method: one of `METHODS`. ``"lbfgs"`` is SciPy's; ``"newton-cg"`` and ``"gauss-newton"``
            are its conjugate gradients within a trust region, on either matrix.
        rate: the learning rate of ``"sgd"`` (momentum 0.9) and ``"adam"``, which falls to 0.

    Raises:
        Diverged: one of these two came to a loss that is no finite number.
    """
    try:
        if method in STEPPERS:
            _descend(objective, method, rate)
        elif method == "lbfgs":
            options = {
                "maxiter": objective.passes,
                "maxfun": objective.passes,
                "gtol": 0,
                "ftol": 0,
            }
            _scipy(objective, "L-BFGS-B", options)
        else:
            newton = method == "newton-cg"
            product = objective.hessian_product if newton else objective.gauss_newton_product
            _scipy(objective, "trust-ncg", {"gtol": 0, "maxiter": objective.passes}, product)
    except Spent:
        pass


def _scipy(
    objective: Objective,
    method: str,
    options: Mapping[str, float],
    product: Callable[[Vector, Vector], Vector] | None = None,
) -> None:
    optimize.minimize(
        objective.value_and_gradient,
        objective.start,
        method=method,
        jac=True,
        hessp=product,
        options=options,
    )


def _descend(objective: Objective, method: str, rate: float) -> None:
    place = torch.from_numpy(objective.start.copy()).requires_grad_()
    optimizer: torch.optim.Optimizer
    if method == "sgd":
        optimizer = torch.optim.SGD([place], lr=rate, momentum=0.9)
    else:
        optimizer = torch.optim.Adam([place], lr=rate)
    while True:
        done = objective.spent / objective.passes
        optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * done)) / 2
        value, gradient = objective.value_and_gradient(place.detach().numpy())
        if not math.isfinite(value):
            raise Diverged
        place.grad = torch.from_numpy(gradient)
        optimizer.step()


def _flat(parts: Iterable[Tensor]) -> Vector:
    vector: Vector = torch.cat([part.detach().reshape(-1) for part in parts]).numpy()
    return vector


def _inner(left: Iterable[Tensor], right: Iterable[Tensor]) -> Tensor:
    return torch.stack([(a * b).sum() for a, b in zip(left, right, strict=True)]).sum()
