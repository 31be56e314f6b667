"""Results whose truth is known, of a study of labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from mish.study import Measure

MADE = {
    "jobs": 320,
    "seconds": 5400.0,
    "first": "2026-01-01T10:00:00Z",
    "last": "2026-01-01T11:30:00Z",
    "machines": ["a processor <fast>"],
    "software": {"mish": ["0.1.0"], "torch": ["2.12.0", "2.13.0"]},
}


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


def labels(**more: Any) -> tuple[pd.DataFrame, SimpleNamespace]:
    """Four settings, 20 seeds: ReLU is worse, SiLU alike, GELU a little worse, tanh noisy.

    With wrong labels of class, ReLU diverges four times.
    """
    rng = np.random.default_rng(7)
    parts = []
    for kind in ("symmetric", "class"):
        for wrong in (0.0, 0.4):
            mish = 90 - 20 * wrong + rng.normal(0, 1, 20)
            values = {"mish": mish, "relu": mish - 1.2 + rng.normal(0, 0.3, 20)}
            values["silu"] = mish + rng.normal(0, 0.2, 20)
            values["gelu"] = mish - 0.2 + rng.normal(0, 0.1, 20)
            values["tanh"] = mish - 0.4 + rng.normal(0, 2, 20)
            if wrong and kind == "class":
                values["relu"][:4] = math.nan
            settings = {"kind": kind, "wrong": wrong}
            parts.append(make_frame(values, settings))
            losses = {name: np.exp(-found / 20) for name, found in values.items()}
            parts.append(make_frame(losses, settings, measure="loss"))
    frame = pd.concat(parts, ignore_index=True).assign(**more)
    scale = frame["scale"].iloc[0]
    frame.attrs["made"] = {"labels": {scale: MADE}}
    return frame, make_study()
