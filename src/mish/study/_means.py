"""Means of every measure, by activation and setting."""

from __future__ import annotations

import math

from mish._support.extras import needs
from mish.study import _frame
from mish.study._cells import Study

with needs("study", "mish.study"):
    import pandas as pd

    from mish.study import _statistics as statistics


def means(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Give the mean of each measure for each activation in each setting.

    Args:
        frame: results as `mish.study.results` gives them.
        study: the study that they are of.

    Returns:
        A row for each: scale, a column for each setting, activation, measure, ``rate`` (of
        learning; NaN if there was none), ``runs`` and how many of them ``diverged``, ``mean`` of
        the others, and its 95 % bootstrap interval from ``low`` to ``high``, NaN of fewer than two.

    Raises:
        ValueError: the frame is not of this study, or lacks its baseline; the message says how.
    """
    _frame.check(frame, study)
    order = [measure.name for measure in study.measures]
    frame = frame[frame["measure"].isin(order)]
    rows = []
    for settings, more, part in _frame.by_setting(frame, "scale", "activation", "measure"):
        ended = part["value"].dropna().to_numpy()
        low, high = statistics.interval(ended)
        rows.append(
            {
                "scale": more["scale"],
                **settings,
                "activation": more["activation"],
                "measure": more["measure"],
                "rate": part["rate"].iloc[0],
                "runs": len(part),
                "diverged": len(part) - len(ended),
                "mean": float(ended.mean()) if len(ended) else math.nan,
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)
