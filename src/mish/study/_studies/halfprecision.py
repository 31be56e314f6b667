"""Training in float16 and bfloat16: in the layers alone, or with weights of that type as well."""

from __future__ import annotations

from collections.abc import Sequence

from mish.study._cells import Scale, Settings, Tuning
from mish.study._studies._experiment import ACCURACY, LOSS, Experiment, tuned
from mish.study.activations import COMPARED, Activation

RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
SCALE = 256.0
"""The loss is multiplied by it and the rate divided: small gradients of float16 are not lost."""


class HalfPrecision(Experiment):
    """Accuracy by type of the numbers, PyTorch's own Mish among the activations."""

    name = "halfprecision"
    question = "How accurate is a network on digits that is trained in float16 or bfloat16?"
    measures = (ACCURACY, LOSS)

    def activations(self, scale: Scale) -> tuple[str, ...]:
        """All that are compared, and PyTorch's Mish."""
        return (*COMPARED, "torch-mish")

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the type in which layers compute, and whether weights are of it too."""
        cases = [(dtype, weights) for dtype in ("bfloat16", "float16") for weights in (False, True)]
        cases = [("float32", True), *cases] if scale == "full" else cases[1:3]
        return [{"dtype": dtype, "weights": weights} for dtype, weights in cases]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune where it runs."""
        return tuned(RATES, settings, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train two hidden layers of 100 units by SGD with momentum."""
        import torch
        from torch import Tensor, nn

        from mish.study import _examples
        from mish.study._networks import Autocast, mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classify

        dtype: torch.dtype = getattr(torch, str(settings["dtype"]))
        network: nn.Module = mlp(activation, (196, 100, 100, 10), torch_generator(seed, "weights"))
        examples = _examples.images(seed)
        if settings["weights"]:
            network = network.to(dtype)
            parts = (part._replace(inputs=part.inputs.to(dtype)) for part in examples)
            examples = _examples.Examples(*parts)
        else:
            network = Autocast(network, dtype)

        def loss(network: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
            outputs: Tensor = network(inputs)
            return SCALE * nn.functional.cross_entropy(outputs.float(), targets)

        recipe = Recipe(epochs=10 if scale == "full" else 3, batch=100)
        return classify(network, examples, rate / SCALE, recipe, seed, loss)


STUDY = HalfPrecision()
