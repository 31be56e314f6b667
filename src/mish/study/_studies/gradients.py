"""The size of gradients by layer: do they vanish on their way back, at the start or later?"""

from __future__ import annotations

from collections.abc import Sequence

from mish.study._cells import Measure, Scale, Settings, Tuning
from mish.study._studies._experiment import Experiment, tuned
from mish.study.activations import Activation

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
SMALLEST = 1e-45  # of float32: it stands for gradients that are 0


class Gradients(Experiment):
    """How the gradients of the first and the last of equal layers compare."""

    name = "gradients"
    question = "By how much do gradients shrink or grow from the last hidden layer to the first?"
    measures = (
        Measure("change", "decades", "lower", 0.1, "a quarter; training bears factors of 10"),
        Measure(
            "shrinking", "decades", "lower", 0.1, "as above, with its sign: above 0 they vanish"
        ),
    )

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the moment, the gain of the weights and the number of hidden layers."""
        depths, gains = ((10, 25), ("1", "own")) if scale == "full" else ((10,), ("own",))
        return [
            {"when": when, "gain": gain, "layers": layers}
            for when in ("start", "end")
            for gain in gains
            for layers in depths
        ]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune what is trained."""
        return None if settings["when"] == "start" else tuned(RATES, settings, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Take gradients of the loss by pre-activations, root mean squares over 1,000 images."""
        from math import log10

        import torch

        from mish.study import _examples
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classify

        examples = _examples.images(seed)
        network = mlp(
            activation,
            (196, *[128] * int(settings["layers"]), 10),
            torch_generator(seed, "weights"),
            gain=1.0 if settings["gain"] == "1" else None,
        )
        found: dict[str, float] = {}
        if settings["when"] == "end":
            recipe = Recipe(epochs=8 if scale == "full" else 2, batch=128)
            found = classify(network, examples, rate, recipe, seed)
        # by weights they would be the product of what goes back and of the signals that come
        # forward, and where both fade they hide each other
        values, hidden = examples.train.inputs[:1000], []
        for layer in network:
            values = layer(values)
            if isinstance(layer, torch.nn.Linear):
                hidden.append(values)
        loss = torch.nn.functional.cross_entropy(values, examples.train.targets[:1000])
        slopes = torch.autograd.grad(loss, [hidden[0], hidden[-2]])
        first, last = (max(float(each.norm()), SMALLEST) for each in slopes)
        shrinking = log10(last / first)
        return {"change": abs(shrinking), "shrinking": shrinking} | found


STUDY = Gradients()
