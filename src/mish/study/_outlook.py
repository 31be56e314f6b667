"""What there is to run, before it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mish.study import _registry
from mish.study._cells import Scale
from mish.study._jobs import Finished, Job
from mish.study._plan import plans
from mish.study._progress import Pace
from mish.study._store import Store


@dataclass(frozen=True)
class Outlook:
    """What there is to run of a study.

    Attributes:
        study: its name.
        question: what it asks.
        jobs: how many jobs it has.
        finished: how many of them are in the database.
        seconds_left: how long the rest takes on one worker, by the jobs in the database; None while
            it has none.
    """

    study: str
    question: str
    jobs: int
    finished: int
    seconds_left: float | None


def outlook(
    studies: Sequence[str] | None = None, *, scale: Scale = "full", database: Path | str
) -> list[Outlook]:
    """Tell what there is to run.

    Args:
        studies: names of `studies()`; all if not given.
        scale: ``"quick"`` or ``"full"``.
        database: the file with what is finished; there may be none yet.

    Raises:
        ValueError: a study is unknown, or the database cannot be used or has another version.
    """
    names = _registry.modules() if studies is None else studies
    planned = plans([_registry.find(name) for name in names], scale, None, None)
    finished: list[dict[Job, Finished]] = [{} for _ in planned]
    if Path(database).exists():
        with Store(Path(database)) as store:
            finished = [store.finished(each.study.name, each.study.version) for each in planned]
    found = []
    for plan, those in zip(planned, finished, strict=True):
        pace = Pace()
        for each in those.values():
            pace.add(each)
        total, left = plan.outline(those)
        found.append(
            Outlook(
                plan.study.name,
                plan.study.question,
                total,
                total - left.total(),
                pace.seconds(left),
            )
        )
    return found
