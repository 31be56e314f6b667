"""The tidy frame of results: its columns, and what one must have to be judged."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from mish.study._cells import Study, Value
from mish.study._plan import COLUMNS

if TYPE_CHECKING:
    import pandas as pd


def settings_columns(frame: pd.DataFrame) -> list[str]:
    """Name the columns that are settings, in the order of the frame."""
    return [name for name in frame.columns if name not in COLUMNS]


def check(frame: pd.DataFrame, study: Study) -> None:
    """Refuse a frame that does not have the results of a study.

    Raises:
        ValueError: it lacks a column, has rows of another study or version or two of one run, or
            has no run of the baseline, or a margin of the study is not positive; the message names
            what is wrong.
    """
    for measure in study.measures:
        if not measure.margin > 0:
            raise ValueError(
                f"the margin of {measure.name} in the study {study.name} must be above 0, "
                f"not {measure.margin}"
            )
    if lacking := [name for name in COLUMNS if name not in frame.columns]:
        raise ValueError(f"the results lack the columns {', '.join(lacking)}")
    for name, wanted in (("study", study.name), ("version", study.version)):
        if others := sorted(set(frame[name].tolist()) - {wanted}):
            raise ValueError(
                f"the results have {name} {others[0]!r} where {wanted!r} was expected: "
                f"run `mish study {study.name}` anew"
            )
    keys = ["scale", "activation", "seed", "measure", *settings_columns(frame)]
    twice = frame[frame.duplicated(keys)]
    if len(twice):
        run = ", ".join(f"{name} {twice.iloc[0][name]}" for name in keys)
        raise ValueError(f"the results of {study.name} have two rows of one run: {run}")
    if study.baseline not in set(frame["activation"]):
        raise ValueError(
            f"the results of {study.name} have no run of {study.baseline!r}, which the others are "
            f"compared with: run `mish study {study.name}` with it"
        )


def by_setting(
    frame: pd.DataFrame, *more: str
) -> Iterator[tuple[dict[str, Value], dict[str, Any], pd.DataFrame]]:
    """Part a frame by its settings, and by further columns, in the order of the rows.

    Yields:
        The settings, the values of the further columns, and the rows.
    """
    names = settings_columns(frame)
    columns = [*names, *more]
    if not columns:
        yield {}, {}, frame
        return
    for key, part in frame.groupby(columns, sort=False):
        found = dict(zip(columns, map(plain, key), strict=True))
        yield {name: found[name] for name in names}, {name: found[name] for name in more}, part


def plain(value: Hashable) -> Any:
    """Give a number of NumPy as one of Python, which prints as it was given."""
    return value.item() if hasattr(value, "item") else value
