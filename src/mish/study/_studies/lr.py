"""Sensitivity to the learning rate: the same training at rates three decades apart."""

from __future__ import annotations

from collections.abc import Sequence

from mish.study._cells import Scale, Settings, Tuning
from mish.study._studies._experiment import ACCURACY, LOSS, Experiment
from mish.study.activations import Activation

RATES = {
    "sgd": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    "adam": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
}


class LearningRates(Experiment):
    """Accuracy by learning rate, of two optimisers."""

    name = "lr"
    question = "How much does the accuracy on digits depend on the learning rate?"
    measures = (ACCURACY, LOSS)

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the optimiser and its learning rate."""
        step = 1 if scale == "full" else 3
        return [
            {"optimizer": optimizer, "learning_rate": rate}
            for optimizer, rates in RATES.items()
            for rate in rates[::step]
        ]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """There is none: the rate is what varies."""
        return None

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train two hidden layers of 100 units."""
        from mish.study import _examples
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classify

        network = mlp(activation, (196, 100, 100, 10), torch_generator(seed, "weights"))
        recipe = Recipe(
            epochs=10 if scale == "full" else 3,
            batch=100,
            optimizer="sgd" if settings["optimizer"] == "sgd" else "adam",
        )
        rate = float(settings["learning_rate"])
        return classify(network, _examples.images(seed), rate, recipe, seed)


STUDY = LearningRates()
