"""A study whose truth is known, and results of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pandas")

import pandas as pd

from mish.study import Measure


def make_study(better: str = "higher", margin: float = 0.5, **more: Any) -> SimpleNamespace:
    """A study of labels, as far as results need one."""
    measures = (
        Measure("accuracy", "%", better, margin, "half a point decides nothing"),
        Measure("loss", "nat", "lower", 0.01, "it is beside the first"),
    )
    fields = {
        "name": "labels",
        "version": 1,
        "question": "Does Mish bear wrong labels better than others?",
        "baseline": "mish",
        "measures": measures,
    }
    return SimpleNamespace(**fields | more)


def make_frame(
    values: Mapping[str, Sequence[float]], settings: Mapping[str, Any] | None = None, **fixed: Any
) -> pd.DataFrame:
    """Results of one setting: for each activation a value for each seed, from 0 on."""
    rows = [
        {
            "study": "labels",
            "version": 1,
            "scale": "full",
            "activation": activation,
            "seed": seed,
            **(settings or {}),
            "rate": 0.01,
            "measure": "accuracy",
            "value": value,
            "seconds": 0.5,
            **fixed,
        }
        for activation, found in values.items()
        for seed, value in enumerate(found)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def study() -> SimpleNamespace:
    return make_study()


@pytest.fixture
def study_with() -> Callable[..., SimpleNamespace]:
    return make_study


@pytest.fixture
def frame_of() -> Callable[..., pd.DataFrame]:
    return make_frame
