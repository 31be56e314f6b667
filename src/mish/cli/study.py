"""``mish study``: experiments on training, in pairs, that go on where they were stopped."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.table import Table

from mish.cli.console import (
    EXIT_REFUSED,
    EXIT_USAGE,
    answer_error,
    err,
    fail,
    out,
    print_json,
    require_writable,
)
from mish.cli.study_progress import duration, study_progress
from mish.cli.tables import print_table

if TYPE_CHECKING:
    import pandas as pd

    from mish.study import Summary
    from mish.study._cells import Scale

_SHOWN = 5  # errors
_TABLES = (".parquet", ".csv")


def study(
    *,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Which studies, or all.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small version of each, done within a minute.")
    ] = False,
    database: Annotated[
        Path, typer.Option(metavar="PATH", help="The SQLite file that keeps every finished run.")
    ] = Path("study.sqlite"),
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="How many processes work, of one thread each.",
            show_default="the CPUs that this process may use",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Let the workers of this Dask scheduler do it instead."
        ),
    ] = None,
    activation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An activation to run; may be given again.",
            show_default="those of the study",
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many seeds of each setting.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="OUT.html", help="Write what the database shows, as one page."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(metavar="OUT.parquet|OUT.csv", help="Write all results, a row for each."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run studies of training with Mish and other activations, and judge what they show.

    Every finished run is kept at once. Stopped or killed, the same command goes on where it was. A
    run that fails is named at the end, with exit code 1, after all others are done. Without a name,
    list the studies, or write the report or the table of what the database has.
    """
    from mish import study as studies

    for path, endings in ((report, (".html",)), (table, _TABLES)):
        if path is not None:
            if path.suffix not in endings:
                fail(f"{path} must end in {' or '.join(endings)}", EXIT_USAGE)
            require_writable(path)
    scale: Scale = "quick" if quick else "full"
    try:
        chosen = _chosen(names or [])
        if not chosen:
            _require_nothing_to_run(workers, scheduler, activation, seeds)
            if report is None and table is None:
                _list(scale, database, as_json)
                return
        summary = None
        if chosen:
            require_writable(database)
            with _interrupts(database), study_progress() as show:
                summary = studies.run(
                    chosen,
                    scale=scale,
                    database=database,
                    workers=workers,
                    scheduler=scheduler,
                    activations=activation,
                    seeds=seeds,
                    on_progress=show,
                )
            _tell_failures(summary)
        shown = chosen or (list(studies.studies()) if table else [])
        frames = {name: studies.results(database, name) for name in shown}
        verdicts = _verdicts({name: frames[name] for name in chosen}, scale)
        _write(database, frames, report, table)
    except (ValueError, OSError) as problem:
        fail(str(problem), EXIT_USAGE)
    _show(summary, verdicts, [path for path in (report, table) if path is not None], as_json)
    if summary is not None and summary.failed:
        untuned = f", {summary.untuned} runs lack a learning rate for it" if summary.untuned else ""
        fail(f"{len(summary.failed)} jobs failed{untuned}; all others are kept", EXIT_REFUSED)


def _require_nothing_to_run(
    workers: int | None, scheduler: str | None, activation: list[str] | None, seeds: int | None
) -> None:
    """Fail for options that say how to run studies where none is named."""
    given = {
        "--workers": workers,
        "--scheduler": scheduler,
        "--activation": activation,
        "--seeds": seeds,
    }
    for option, value in given.items():
        if value:
            fail(f"{option} needs the NAME of a study, or all", EXIT_USAGE)


def _chosen(names: list[str]) -> list[str]:
    """The studies that are meant, each once; fails for a name that none has."""
    from mish.study import find, studies

    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys(studies() if name == "all" else [find(name).name])
    return list(found)


def _list(scale: Scale, database: Path, as_json: bool) -> None:
    from mish.study import outlook

    found = outlook(scale=scale, database=database)
    if as_json:
        print_json({"database": str(database), "studies": [asdict(each) for each in found]})
        return
    begun = any(each.finished for each in found)
    shown = Table()
    shown.add_column("study", no_wrap=True)
    shown.add_column("question")
    for head in ("jobs", "finished", "time left") if begun else ("jobs",):
        shown.add_column(head, justify="right")
    for each in found:
        left = "" if each.seconds_left is None else duration(each.seconds_left)
        numbers = (str(each.jobs), str(each.finished), left) if begun else (str(each.jobs),)
        shown.add_row(each.study, each.question, *numbers)
    print_table(shown)
    if begun:
        line = f"Times are those of one worker, by the jobs in {database}."
        out.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _interrupts(database: Path) -> Iterator[None]:
    """Say what is kept when somebody stops the command."""

    def stop(number: int, frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except SystemExit:
        line = f"stopped: what is finished is kept in {database}; the same command goes on"
        answer_error(line)
        err.print(line, markup=False, highlight=False, soft_wrap=True)
        raise
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _verdicts(frames: dict[str, pd.DataFrame], scale: Scale) -> dict[str, pd.DataFrame]:
    from mish.study import judge, studies

    found = {}
    for name, frame in frames.items():
        rows = frame[frame["scale"] == scale]
        if studies()[name].baseline in set(rows["activation"]):
            found[name] = judge(rows, name)
    return found


def _write(
    database: Path, frames: dict[str, pd.DataFrame], report: Path | None, table: Path | None
) -> None:
    from mish import study as studies

    if table is not None:
        from mish.study._provenance import joined
        from mish.study._table import write_table

        write_table(joined(frames.values()), table)
    if report is not None:
        studies.report(database, report)


def _show(
    summary: Summary | None,
    verdicts: dict[str, pd.DataFrame],
    written: list[Path],
    as_json: bool,
) -> None:
    if as_json:
        print_json(
            {
                "run": None if summary is None else asdict(summary),
                "verdicts": {name: rows.to_dict("records") for name, rows in verdicts.items()},
                "written": [str(path) for path in written],
            }
        )
        return
    for name, rows in verdicts.items():
        _show_verdicts(name, rows)
    if summary is not None:
        line = f"{summary.done} jobs done in {duration(summary.seconds)}"
        found = f", {summary.found} were finished before" if summary.found else ""
        out.print(line + found, markup=False, highlight=False)
    for path in written:
        out.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)


def _show_verdicts(name: str, rows: pd.DataFrame) -> None:
    from mish.study import studies

    found = studies()[name]
    measure = found.measures[0]
    unit = f" ({measure.unit})" if measure.unit else ""
    title = f"{name}: {measure.name}{unit}, {found.baseline} minus the other"
    settings = list(dict.fromkeys(key for each in found.settings("full") for key in each))
    shown = Table(title=title, title_justify="left")
    for head in (*settings, "other", "pairs", "difference", "95 %", "verdict"):
        shown.add_column(head)
    for row in rows.to_dict("records"):
        shown.add_row(
            *(f"{row[key]}" for key in settings),
            str(row["other"]),
            str(row["pairs"]),
            _number(row["difference"]),
            " to ".join(filter(None, (_number(row["low"]), _number(row["high"])))),
            str(row["word"]),
        )
    print_table(shown, keys=len(settings) + 1)


def _number(value: float) -> str:
    """A difference with its sign; nothing where there is none, as an interval of one pair."""
    return "" if math.isnan(value) else f"{value:+.3g}"


def _tell_failures(summary: Summary) -> None:
    for each in summary.failed[:_SHOWN]:
        err.print(str(each), markup=False, highlight=False, soft_wrap=True)
    if (more := len(summary.failed) - _SHOWN) > 0:
        err.print(f"and {more} more", markup=False, highlight=False)
