"""Optimisers with curvature and without, at equal cost: does it help, and does smoothness matter?

Gradient descent with momentum and Adam, L-BFGS, Newton's method by conjugate gradients with
products of the Hessian (the activation's second derivative is in them), and Gauss-Newton (its
first derivative alone). All see the whole batch, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mish.study._cells import Measure, Scale, Settings, Tuning
from mish.study._studies._experiment import Experiment, tuned
from mish.study.activations import Activation

METHODS = ("sgd", "adam", "lbfgs", "newton-cg", "gauss-newton")
RATES = {
    "sgd": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
    "adam": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
}
PROBLEMS = ("digits", "diabetes")
PASSES = 300
DECAY = 1e-3
"""Half of it times the weights' squares is added, or the minimum would lie at infinity."""


class Optimizer(Experiment):
    """The training loss that 300 passes reach."""

    name = "optimizer"
    question = (
        "How low is the training loss after 300 passes, by methods with curvature and without?"
    )
    measures = (
        Measure(
            "log_loss", "decades", "lower", 0.05, "a tenth of the loss; methods differ by more"
        ),
        Measure(
            "validation_loss", "", "lower", 0.05, "the same loss on other examples, less exact"
        ),
    )

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the problem and the method."""
        problems = PROBLEMS if scale == "full" else PROBLEMS[:1]
        methods = METHODS if scale == "full" else ("adam", "newton-cg")
        return [{"problem": each, "method": method} for each in problems for method in methods]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune by what is judged, with other seeds; only the methods that have a learning rate."""
        rates = RATES.get(str(settings["method"]))
        return tuned(rates, settings, scale, "log_loss", "lower") if rates else None

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Minimise the loss of two hidden layers of 24 units."""
        import torch
        from torch.nn.functional import cross_entropy

        from mish.study import _data, _examples
        from mish.study._curvature import Objective, minimise
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Diverged

        problem = str(settings["problem"])
        train, validation, _ = _examples.table(problem, seed, torch.float64)
        classes = _data.table(problem).classes

        def error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            if classes:
                return cross_entropy(outputs, targets)
            return (outputs[:, 0] - targets).square().mean() / 2

        def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            weights = torch.stack([each.square().sum() for each in network.parameters()])
            return error(outputs, targets) + DECAY / 2 * weights.sum()

        widths = (train.inputs.shape[1], 24, 24, classes or 1)
        network = mlp(activation, widths, torch_generator(seed, "weights"), dtype=torch.float64)
        passes = PASSES if scale == "full" else 100
        objective = Objective(network, loss, *train, passes)
        minimise(objective, str(settings["method"]), rate)
        if not math.isfinite(objective.lowest):
            raise Diverged
        objective.take_best()
        with torch.no_grad():
            other = error(network(validation.inputs), validation.targets).item()
        return {"log_loss": math.log10(objective.lowest), "validation_loss": other}


STUDY = Optimizer()
