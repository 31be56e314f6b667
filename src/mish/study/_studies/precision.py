"""PyTorch's own Mish against ours: does a Mish with wrong tails change training?

Its gradient loses all digits in the far left tail, and its second derivative is wrong from 8 on. So
besides a usual training there is one whose first layer sees inputs eight times as large, and one
whose loss has the gradient by the inputs in it, which trains by second derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence

from mish.study._cells import Measure, Scale, Settings, Tuning
from mish.study._studies._experiment import Experiment, tuned
from mish.study.activations import Activation

RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
WIDE = 8.0
PENALTY = 0.1


class Precision(Experiment):
    """The same trainings with two computations of one function."""

    name = "precision"
    question = (
        "Does PyTorch's own Mish, with wrong tails of its derivatives, train worse than ours?"
    )
    measures = (
        Measure("accuracy", "%", "higher", 0.25, "a quarter of what `labels` takes for the same"),
        Measure("loss", "nat", "lower", 0.02, "2 % of the probability given to the right digit"),
    )

    def activations(self, scale: Scale) -> tuple[str, ...]:
        """Ours and PyTorch's."""
        return ("mish", "torch-mish")

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the size of the inputs, and whether the gradient by them is in the loss."""
        penalties = (False, True) if scale == "full" else (True,)
        return [
            {"inputs": inputs, "penalty": penalty}
            for inputs in ("usual", "wide")
            for penalty in penalties
        ]

    def decides(self, settings: Settings) -> bool:
        """All of them: two activations are cheap."""
        return True

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune where it runs."""
        return tuned(RATES, settings, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train two hidden layers of 100 units."""
        import torch
        from torch import Tensor, nn

        from mish.study import _examples
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classification, classify

        def loss(network: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
            if not settings["penalty"]:
                return classification(network, inputs, targets)
            inputs = inputs.clone().requires_grad_()
            value = classification(network, inputs, targets)
            # of the sum over the batch, so that each example has its own gradient
            (slope,) = torch.autograd.grad(value * len(inputs), inputs, create_graph=True)
            return value + PENALTY * slope.square().sum(1).mean()

        factor = WIDE if settings["inputs"] == "wide" else 1.0
        parts = (part._replace(inputs=part.inputs * factor) for part in _examples.images(seed))
        network = mlp(activation, (196, 100, 100, 10), torch_generator(seed, "weights"))
        recipe = Recipe(epochs=10 if scale == "full" else 4, batch=100)
        return classify(network, _examples.Examples(*parts), rate, recipe, seed, loss)


STUDY = Precision()
