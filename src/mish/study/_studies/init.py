"""Initial weights: the gain of ReLU, that of Mish, and each activation's own."""

from __future__ import annotations

from collections.abc import Sequence

from mish.study._cells import Scale, Settings, Tuning
from mish.study._studies._experiment import ACCURACY, LOSS, Experiment, tuned
from mish.study.activations import Activation

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
GAINS = {"1": 1.0, "1.414": 2**0.5, "1.487": 1.486847581273208, "own": None}
"""Weights have the deviation gain/√fan-in: 1 is Glorot's, √2 ReLU's, the third is Mish's."""


class Init(Experiment):
    """Accuracy by gain, of deep networks without normalisation."""

    name = "init"
    question = "Does a deep network learn better with the gain that fits its activation?"
    measures = (ACCURACY, LOSS)

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the gain and the number of hidden layers."""
        depths, gains = ((5, 10, 20), GAINS) if scale == "full" else ((5,), ("1", "own"))
        return [{"gain": gain, "layers": layers} for layers in depths for gain in gains]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune where it runs."""
        return tuned(RATES, settings, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train layers of 128 units by SGD with momentum."""
        from mish.study import _examples
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classify

        network = mlp(
            activation,
            (196, *[128] * int(settings["layers"]), 10),
            torch_generator(seed, "weights"),
            gain=GAINS[str(settings["gain"])],
        )
        recipe = Recipe(epochs=8 if scale == "full" else 2, batch=128)
        return classify(network, _examples.images(seed), rate, recipe, seed)


STUDY = Init()
