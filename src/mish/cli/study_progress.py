"""How far ``mish study`` is: a bar in a terminal, and else a line now and then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars

from mish.cli.console import err

if TYPE_CHECKING:
    from mish.study import Progress

_EVERY = 60.0  # seconds between two lines


@contextmanager
def study_progress() -> Iterator[Callable[[Progress], None]]:
    """Show on standard error how far a run is.

    Yields:
        What to call with each `mish.study.Progress`.
    """
    if not err.is_terminal:
        yield _Lines().show
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TextColumn("{task.fields[rest]}"), console=err, transient=True) as bars:
        bar = bars.add_task("starting", total=None, rest="")

        def show(progress: Progress) -> None:
            bars.update(
                bar,
                description=progress.study,
                completed=progress.done,
                total=progress.total,
                rest=_rest(progress),
            )

        yield show


class _Lines:
    def __init__(self) -> None:
        self._next = time.monotonic() + _EVERY

    def show(self, progress: Progress) -> None:
        """Print a line if the last one was a while ago."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        line = f"{progress.study}: {progress.done} of {progress.total} jobs{_rest(progress, ', ')}"
        err.print(line, markup=False, highlight=False, soft_wrap=True)


def _rest(progress: Progress, before: str = "") -> str:
    """How long it will take yet, and what failed."""
    told = []
    if progress.seconds_left is not None:
        told.append(f"{duration(progress.seconds_left)} left")
    if progress.failed:
        told.append(f"{progress.failed} failed")
    return before + ", ".join(told) if told else ""


def duration(seconds: float) -> str:
    """Write a time for people, to two figures or so."""
    if seconds < 99.5:
        return f"{math.ceil(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
