"""Networks that solve differential equations: second derivatives by the inputs are in the loss.

PyTorch's own Mish takes part beside ours, as its second derivative is wrong where x is large. The
solution of Burgers' equation is a tanh itself: networks of tanh have an advantage there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

from mish.study._cells import Measure, Scale, Settings, Tuning
from mish.study._studies._experiment import Experiment, tuned
from mish.study.activations import COMPARED, Activation

NAMES = ("poisson-1d", "burgers-1d", "poisson-2d", "heat-2d")
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
WEIGHT = (
    100.0  # of the boundary's error: residuals hold second derivatives, far greater than values
)


class Physics(Experiment):
    """The error against the exact solution."""

    name = "physics"
    question = "How near to the exact solution does a network come whose loss is the equation?"
    measures = (
        Measure("log_error", "decades", "lower", 0.1, "a quarter of the error"),
        Measure("log_loss", "decades", "lower", 0.2, "a quarter of the equation's error, squared"),
    )

    def activations(self, scale: Scale) -> tuple[str, ...]:
        """All that are compared, and PyTorch's Mish."""
        return (*COMPARED, "torch-mish")

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the equation."""
        equations = NAMES if scale == "full" else ("poisson-1d", "poisson-2d")
        return [{"equation": equation} for equation in equations]

    def decides(self, settings: Settings) -> bool:
        """The first equation of one dimension."""
        return settings["equation"] == "poisson-1d"

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune by the loss at points that are not trained on: who solves knows no solution."""
        return tuned(RATES, settings, scale, "log_loss", "lower")

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train two hidden layers of 32 units by Adam on points drawn once."""
        import torch
        from torch import Tensor, nn

        from mish.study._equations import EQUATIONS, derivatives
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, fit

        equation = EQUATIONS[str(settings["equation"])]
        dimensions = len(equation.low)
        inside = equation.inside(64 if dimensions == 1 else 200, torch_generator(seed, "inside"))
        edge = equation.boundary(25, torch_generator(seed, "boundary"))
        edge_values = equation.exact(edge)
        other = equation.inside(1000, torch_generator(seed, "validation"))
        middle = (torch.tensor(equation.low) + torch.tensor(equation.high)) / 2
        # inputs of mean 0 and deviation 1, as a gain of 1 in the first layer wants
        spread = (torch.tensor(equation.high) - torch.tensor(equation.low)) / 12**0.5
        network = mlp(activation, (dimensions, 32, 32, 1), torch_generator(seed, "weights"))

        def solution(points: Tensor) -> Tensor:
            values: Tensor = network((points - middle) / spread)
            return values.squeeze(1)

        def loss(_: nn.Module, points: Tensor, wanted: Tensor) -> Tensor:
            residual = equation.residual(points, *derivatives(solution, points)) - wanted
            gap = solution(edge) - edge_values
            return residual.square().mean() + WEIGHT * gap.square().mean()

        recipe = Recipe(600 if scale == "full" else 200, len(inside), "adam")
        fit(network, inside, torch.zeros(len(inside)), rate, recipe, seed, loss)
        final = loss(network, other, torch.zeros(len(other))).item()
        exact = equation.exact(other)
        with torch.no_grad():
            error = ((solution(other) - exact).norm() / exact.norm()).item()
        return {"log_error": log10(error), "log_loss": log10(final)}


STUDY = Physics()
