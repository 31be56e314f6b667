"""Depth: networks of 5 to 25 layers, with and without batch normalisation.

The recipe ``"paper"`` is that of the figure in Mish's paper: 500 units a layer, batch
normalisation, a quarter of the activations dropped, SGD with batches of 128, Glorot's initial
weights, and one learning rate for all activations. The others have 128 units, so that they can be
tuned.
"""

from __future__ import annotations

from collections.abc import Sequence

from mish.study._cells import Measure, Scale, Settings, Tuning
from mish.study._studies._experiment import Experiment, tuned
from mish.study.activations import Activation

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
PAPER_RATE = 0.1
"""The paper does not tell its rate. Of 0.03, 0.1 and 0.3 this one gave Mish, ReLU and SiLU with 15
layers the best mean accuracy on validation images, tried once."""


class Depth(Experiment):
    """Accuracy by number of hidden layers."""

    name = "depth"
    question = "How accurate is a fully connected network of 5 to 25 hidden layers on digits?"
    measures = (
        Measure(
            "accuracy",
            "%",
            "higher",
            1.0,
            "the paper's figure shows differences of several points between activations",
        ),
        Measure("loss", "nat", "lower", 0.1, "10 % of the probability given to the right digit"),
    )

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the recipe, which says whether activations are normalised, and the hidden layers."""
        if scale == "quick":
            cases = [("plain", 5), ("norm", 5)]
        else:
            cases = [(each, n) for each in ("plain", "norm") for n in (5, 10, 15, 20, 25)]
            cases += [("paper", 5), ("paper", 15), ("paper", 25)]
        return [{"recipe": recipe, "layers": layers} for recipe, layers in cases]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune at each depth, but not the paper's recipe: there all had one rate."""
        return None if settings["recipe"] == "paper" else tuned(RATES, settings, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train by SGD with momentum."""
        from mish.study import _examples
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classify

        paper = settings["recipe"] == "paper"
        layers = int(settings["layers"])
        network = mlp(
            activation,
            (196, *[500 if paper else 128] * layers, 10),
            torch_generator(seed, "weights"),
            gain=1.0 if paper else None,  # Glorot's, as nearly all layers are square
            norm=settings["recipe"] != "plain",
            dropout=0.25 if paper else 0.0,
        )
        recipe = Recipe(epochs=8 if scale == "full" else 2, batch=128)
        return classify(network, _examples.images(seed), rate or PAPER_RATE, recipe, seed)


STUDY = Depth()
