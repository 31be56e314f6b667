"""Gaussian noise on the inputs: the test of Mish's paper on MNIST, smaller and with pairs.

The paper shows the loss on the test images of a convolutional network of five layers while the
noise grows, and does not say whether the training images have it too. Both are done here.
"""

from __future__ import annotations

from collections.abc import Sequence

from mish.study import _data
from mish.study._cells import Scale, Settings, Tuning
from mish.study._seeds import generator
from mish.study._studies._experiment import ACCURACY, LOSS, Experiment, tuned
from mish.study.activations import Activation

RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def noisy(
    pixels: _data.Numbers, split: _data.Split, where: str, noise: float, seed: int
) -> _data.Numbers:
    """Add Gaussian noise to images, not clipped.

    Args:
        pixels: from 0 to 1, of shape (images, pixels).
        split: which of them a run trains on, is tuned on and is tested on.
        where: ``"test"`` for the test images alone, ``"all"`` for all.
        noise: its deviation.
        seed: of the run.
    """
    drawn = noise * generator(seed, "noise").standard_normal(pixels.shape)
    if where == "test":
        drawn[split.train] = drawn[split.validation] = 0
    return pixels + drawn


class Inputs(Experiment):
    """Noise on test images alone, or on all."""

    name = "inputs"
    question = (
        "How well does a convolutional network read digits with Gaussian noise on the pixels?"
    )
    measures = (ACCURACY, LOSS)

    def settings(self, scale: Scale) -> Sequence[Settings]:
        """Vary which images are noisy, and the noise's deviation; pixels are from 0 to 1."""
        cases = [("test", 0.0), ("test", 0.2), ("test", 0.4), ("test", 0.6)]
        cases += [("all", 0.2), ("all", 0.4), ("all", 0.6)]
        if scale == "quick":
            cases = [("test", 0.4), ("all", 0.4)]
        return [{"where": where, "noise": noise} for where, noise in cases]

    def decides(self, settings: Settings) -> bool:
        """Noise of 0.4 on all images: where there are no such images to train on, none is safe."""
        return settings["where"] == "all" and settings["noise"] == 0.4

    def tuning(self, scale: Scale, settings: Settings) -> Tuning | None:
        """Tune on images like the training ones: nobody foresees noise in tests alone."""
        noise = 0.0 if settings["where"] == "test" else settings["noise"]
        return tuned(RATES, {"where": settings["where"], "noise": noise}, scale)

    def trained(
        self, activation: Activation, seed: int, settings: Settings, rate: float, scale: Scale
    ) -> dict[str, float]:
        """Train three convolutional layers and two others."""
        from mish.study import _examples
        from mish.study._networks import cnn
        from mish.study._seeds import torch_generator
        from mish.study._training import Recipe, classify

        clean = _data.images()
        split = _data.split(len(clean.targets), seed)
        where, noise = str(settings["where"]), float(settings["noise"])
        examples = _examples.images(seed, noisy(clean.inputs, split, where, noise, seed))
        network = cnn(activation, _data.SIDE, 10, torch_generator(seed, "weights"))
        recipe = Recipe(epochs=6 if scale == "full" else 2, batch=100)
        return classify(network, examples, rate, recipe, seed)


STUDY = Inputs()
