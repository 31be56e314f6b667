"""The loss around trained weights, which Mish's paper calls smoother, with wider minima."""

from __future__ import annotations

from collections.abc import Sequence

from mish.study._cells import Measure, Scale, Settings, Tuning
from mish.study._studies._experiment import Experiment, tuned
from mish.study.activations import Activation

RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


class Landscape(Experiment):
    """Sharpness, rise and falls of the training loss."""

    name = "landscape"
    question = "How sharp is the minimum that training finds, and how smooth is the loss around it?"
    measures = (
        Measure("log_sharpness", "decades", "lower", 0.1, "a quarter of the largest curvature"),
        Measure("log_rise", "decades", "lower", 0.1, "a quarter of what the loss gains on the way"),
        Measure("falls", "", "lower", 0.02, "a fiftieth of the way up"),
    )

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the number of hidden layers."""
        return [{"layers": layers} for layers in ((2, 4, 8) if scale == "full" else (2, 4))]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune where it runs, for accuracy."""
        return tuned(RATES, settings, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train layers of 24 units on scikit-learn's digits, in float64."""
        from math import log10

        import torch
        from torch.nn.functional import cross_entropy

        from mish.study import _examples
        from mish.study._curvature import Objective
        from mish.study._landscape import sharpness, walk
        from mish.study._networks import mlp
        from mish.study._seeds import generator, torch_generator
        from mish.study._training import Recipe, classify

        examples = _examples.table("digits", seed, torch.float64)
        layers = int(settings["layers"])
        network = mlp(
            activation,
            (64, *[24] * layers, 10),
            torch_generator(seed, "weights"),
            dtype=torch.float64,
        )
        found = classify(network, examples, rate, Recipe(15 if scale == "full" else 5, 50), seed)
        objective = Objective(network, cross_entropy, *examples.train, passes=100_000)
        largest = sharpness(objective, generator(seed, "eigenvector"))
        inputs, targets = examples.train
        around = walk(
            network,
            lambda: cross_entropy(network(inputs), targets),
            torch_generator(seed, "directions"),
            directions=10 if scale == "full" else 3,
        )
        heights = {"log_rise": log10(around.rise), "falls": around.falls}
        return {"log_sharpness": log10(largest)} | heights | found


STUDY = Landscape()
