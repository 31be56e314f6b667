"""Data that vary highly: heavy tails, features of all sizes, rare classes, a drift, a series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mish.study import _data
from mish.study._cells import Measure, Scale, Settings, Tuning
from mish.study._seeds import generator
from mish.study._studies._experiment import Experiment, tuned
from mish.study.activations import Activation

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
IMAGES = ("usual", "heavy-tails", "rescaled", "imbalanced")
RARER = 0.6  # of each digit this share of the one before is left: 1 % of the nines
STREAM = 4000
LAGS = 11


def changed(pixels: _data.Numbers, case: str, seed: int) -> _data.Numbers:
    """Change images.

    Args:
        pixels: from 0 to 1, of shape (images, pixels).
        case: ``"heavy-tails"`` adds noise by Student's t with 1.5 degrees of freedom, whose
            variance is infinite; ``"rescaled"`` multiplies each pixel by a number of its own,
            from a hundredth to a hundred; others change nothing.
        seed: of the run.
    """
    draw = generator(seed, "scale")
    if case == "heavy-tails":
        return pixels + 0.1 * draw.standard_t(1.5, pixels.shape)
    if case == "rescaled":
        scaled: _data.Numbers = pixels * 10 ** draw.uniform(-2, 2, pixels.shape[1])
        return scaled
    return pixels


def imbalanced(labels: np.ndarray, seed: int) -> _data.Places:
    """Choose training examples: each digit is rarer than the one before by `RARER`."""
    draw = generator(seed, "imbalance")
    kept = [
        places[: round(len(places) * RARER**digit)]
        for digit in range(10)
        for places in [draw.permutation(np.flatnonzero(labels == digit))]
    ]
    return np.sort(np.concatenate(kept))


class Scales(Experiment):
    """One score for all cases, in percent."""

    name = "scale"
    question = (
        "How well do networks bear heavy tails, odd scales, rare classes, drift and a series?"
    )
    measures = (
        Measure(
            "score",
            "%",
            "higher",
            0.5,
            "another draw of the same network changes its accuracy on 1,000 images by more",
        ),
    )

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary the case. The score is the accuracy; of the series, the share of variance told."""
        cases = (*IMAGES, "drift", "series") if scale == "full" else ("heavy-tails", "drift")
        return [{"case": case} for case in cases]

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune where it runs."""
        return tuned(RATES, settings, scale, "validation_score")

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train two hidden layers: once through for the stream, many times for the others."""
        case = str(settings["case"])
        run = {"drift": _drift, "series": _series}.get(case)
        if run is not None:
            return run(activation, seed, rate, scale)
        return _images(activation, seed, rate, scale, case)


def _images(
    activation: Activation, seed: int, rate: float, scale: Scale, case: str
) -> dict[str, float]:
    from mish.study import _examples
    from mish.study._networks import mlp
    from mish.study._seeds import torch_generator
    from mish.study._training import Recipe, classify

    examples = _examples.images(seed, changed(_data.images().inputs, case, seed))
    if case == "imbalanced":
        kept = imbalanced(examples.train.targets.numpy(), seed)
        examples = examples._replace(train=_examples.Part(*(each[kept] for each in examples.train)))
    network = mlp(activation, (196, 100, 100, 10), torch_generator(seed, "weights"))
    epochs = (10 if case != "imbalanced" else 40) if scale == "full" else 3
    found = classify(network, examples, rate, Recipe(epochs, 100), seed)
    return {"score": found["accuracy"], "validation_score": found["validation_accuracy"]}


def _drift(activation: Activation, seed: int, rate: float, scale: Scale) -> dict[str, float]:
    """Predict 20 examples of a stream, then learn from them, and so on."""
    import torch

    from mish.study._networks import mlp
    from mish.study._seeds import torch_generator
    from mish.study._training import prequential

    stream = _data.drifting_stream(STREAM if scale == "full" else 1000, seed)
    inputs = torch.from_numpy((stream.inputs - 0.5) * 12**0.5).float()  # from 0 to 1, uniform
    network = mlp(activation, (10, 32, 32, 2), torch_generator(seed, "weights"))
    accuracy = prequential(network, inputs, torch.from_numpy(stream.targets), rate, batch=20)
    return {"score": accuracy, "validation_score": accuracy}


def _series(activation: Activation, seed: int, rate: float, scale: Scale) -> dict[str, float]:
    """Learn the first 60 % of the years, tune by the next 20 %, test on the last."""
    from mish.study import _examples
    from mish.study._networks import mlp
    from mish.study._seeds import torch_generator
    from mish.study._training import Recipe, explained, fit, regression

    train, validation, test = _examples.series(_data.sunspots(LAGS))
    network = mlp(activation, (LAGS, 32, 32, 1), torch_generator(seed, "weights"))
    recipe = Recipe(60 if scale == "full" else 10, 20)
    fit(network, *train, rate, recipe, seed, regression)
    return {
        "score": explained(network, *test),
        "validation_score": explained(network, *validation),
    }


STUDY = Scales()
