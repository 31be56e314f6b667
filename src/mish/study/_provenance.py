"""What results were made by: kept with their frame, and in a Parquet file of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from mish.study._jobs import Finished

if TYPE_CHECKING:
    import pandas as pd

KEY = "made"
"""Of ``frame.attrs``: what was made, by study and scale."""


def made_by(finished: Collection[Finished]) -> dict[str, Any]:
    """Sum up jobs, as plain data.

    Returns:
        How many ``jobs``, their ``seconds`` of one thread, when the ``first`` and the ``last``
        ended, the ``machines``, and the versions of ``software`` by package.
    """
    software: dict[str, dict[str, None]] = {}
    for each in finished:
        for package, version in each.software.items():
            software.setdefault(package, {})[version] = None
    return {
        "jobs": len(finished),
        "seconds": sum(each.seconds for each in finished),
        "first": min(each.when for each in finished),
        "last": max(each.when for each in finished),
        "machines": list(dict.fromkeys(each.machine for each in finished)),
        "software": {package: list(versions) for package, versions in software.items()},
    }


def provenance(frame: pd.DataFrame, study: str, scale: str) -> Mapping[str, Any] | None:
    """Give what `made_by` summed up, if it is kept with a frame."""
    found: Mapping[str, Any] | None = frame.attrs.get(KEY, {}).get(study, {}).get(scale)
    return found


def joined(frames: Collection[pd.DataFrame]) -> pd.DataFrame:
    """Put the frames of several studies into one; settings that a study does not have are NaN."""
    import pandas as pd

    found = pd.concat([each.assign() for each in frames], ignore_index=True)
    found.attrs[KEY] = {name: made for each in frames for name, made in each.attrs[KEY].items()}
    return found
