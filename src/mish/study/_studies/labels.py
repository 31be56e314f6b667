"""Wrong labels: training on some, testing on clean ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mish.study._cells import Scale, Settings, Tuning
from mish.study._seeds import generator
from mish.study._studies._experiment import ACCURACY, LOSS, Experiment, tuned
from mish.study.activations import Activation

RATES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
LOOK_ALIKE = (2, 7, 0, 8, 9, 6, 5, 1, 3, 4)  # 0↔2, 1↔7, 3↔8, 4↔9, 5↔6


def wrong_labels(
    labels: npt.NDArray[np.int64],
    kind: str,
    wrong: float,
    draw: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Make a share of the labels wrong, exactly so many as the share says.

    Args:
        labels: digits.
        kind: ``"symmetric"`` for any other digit, ``"pairs"`` for the one that looks alike.
        wrong: the share, from 0 to 1.
        draw: says which labels, and which other digits.
    """
    chosen = draw.permutation(len(labels))[: round(wrong * len(labels))]
    shifts = draw.integers(1, 10, len(labels))[chosen]
    result = labels.copy()
    if kind == "symmetric":
        result[chosen] = (labels[chosen] + shifts) % 10
    else:
        result[chosen] = np.array(LOOK_ALIKE)[labels[chosen]]
    return result


class Labels(Experiment):
    """Wrong labels, of any other digit or of the one that looks alike."""

    name = "labels"
    question = (
        "How accurate is a network on clean digits if some labels it was trained on are wrong?"
    )
    measures = (ACCURACY, LOSS)

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the kind of wrong labels and their share, in training and validation alike."""
        cases = [("symmetric", 0.0), ("symmetric", 0.2), ("symmetric", 0.4), ("symmetric", 0.6)]
        cases += [("pairs", 0.2), ("pairs", 0.4)]  # from 0.5 on the look-alike would be the truth
        if scale == "quick":
            cases = [("symmetric", 0.4), ("pairs", 0.4)]
        return [{"kind": kind, "wrong": wrong} for kind, wrong in cases]

    def decides(self, settings: Settings) -> bool:
        """40 % of wrong labels, of both kinds."""
        return settings["wrong"] == 0.4

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune where it runs, on validation labels that are as wrong: who trains has no others."""
        return tuned(RATES, settings, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train two hidden layers of 100 units on the wrong labels."""
        import torch

        from mish.study import _examples
        from mish.study._networks import mlp
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classify

        examples = _examples.images(seed)

        def spoilt(part: _examples.Part, of: str) -> _examples.Part:
            draw = generator(seed, f"labels, {of}")
            kind, wrong = str(settings["kind"]), float(settings["wrong"])
            labels = wrong_labels(part.targets.numpy(), kind, wrong, draw)
            return part._replace(targets=torch.from_numpy(labels))

        examples = examples._replace(
            train=spoilt(examples.train, "training"),
            validation=spoilt(examples.validation, "validation"),
        )

        network = mlp(activation, (196, 100, 100, 10), torch_generator(seed, "weights"))
        recipe = Recipe(epochs=20 if scale == "full" else 8, batch=100)
        return classify(network, examples, rate, recipe, seed)


STUDY = Labels()
