"""What the database has of a study: as a tidy table, judged, and as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mish._support.extras import needs
from mish._support.files import replacing
from mish.study import _registry
from mish.study._cells import SCALES
from mish.study._jobs import Finished
from mish.study._plan import COLUMNS, Plan
from mish.study._provenance import KEY, made_by
from mish.study._store import Store

if TYPE_CHECKING:
    import pandas as pd


def results(database: Path | str, study: str) -> pd.DataFrame:
    """Give the results of a study, as far as there are any.

    Args:
        database: the file that `run` made.
        study: a name of `studies()`.

    Returns:
        A row for each run and measure, with the columns study, version, scale, activation, seed, a
        column for each setting, rate, measure, value (NaN where training diverged) and seconds.
        Runs of another version of the study are left out, and those at a rate that is not the best.
        ``attrs`` says what they were made by.

    Raises:
        ValueError: the study is unknown, or the database cannot be used or has another version.
        ModuleNotFoundError: the extra ``study`` is not installed.
    """
    with needs("study", "mish.study.results"):
        import pandas as pd
    found = _registry.find(study)
    with Store(Path(database)) as store:
        finished = store.finished(found.name, found.version)
    rows = []
    names: dict[str, None] = {}
    made = {}
    for scale in SCALES:
        if jobs := [each for each in finished.values() if each.job.scale == scale]:
            made[scale] = made_by(jobs)
        names |= dict.fromkeys(name for settings in found.settings(scale) for name in settings)
        activations = tuple(dict.fromkeys(job.activation for job in finished))
        for job in Plan(found, scale, activations).runs(finished):
            if job in finished:
                rows += _rows(finished[job], [measure.name for measure in found.measures])
    seed = COLUMNS.index("seed") + 1
    frame = pd.DataFrame(rows, columns=[*COLUMNS[:seed], *names, *COLUMNS[seed:]])
    frame.attrs[KEY] = {found.name: made}
    return frame


def judge(frame: pd.DataFrame, study: str) -> pd.DataFrame:
    """Say what results of a study show of its baseline against each other activation.

    Args:
        frame: what `results` gave, or some rows of it.
        study: the name of the study.

    Returns:
        A row for each comparison: see `mish.study._verdicts.judge`.

    Raises:
        ValueError: the study is unknown, or the frame lacks a column or any run of the baseline.
        ModuleNotFoundError: the extra ``study`` is not installed.
    """
    from mish.study import _verdicts

    return _verdicts.judge(frame, _registry.find(study))


def report(database: Path | str, path: Path | str) -> None:
    """Write all that a database shows as one HTML page, which needs no network and no other file.

    Args:
        database: the file that `run` made.
        path: the page to write; it is written whole or not at all.

    Raises:
        ValueError: the database cannot be used, or has no comparison yet.
        OSError: the page cannot be written.
        ModuleNotFoundError: the extra ``study`` is not installed.
    """
    from mish.study._findings import findings
    from mish.study._report import page

    named = _registry.studies().items()
    found = [findings(results(database, name), study) for name, study in named]
    compared = [each for each in found if each is not None]
    if not compared:
        raise ValueError(
            f"{database} has no two activations to compare yet: run `mish study NAME` first"
        )
    with replacing(Path(path)) as file:
        file.write(page(compared).encode())


def _rows(run: Finished, measures: list[str]) -> list[dict[str, object]]:
    job = run.job
    shared = {
        "study": job.study,
        "version": job.version,
        "scale": job.scale,
        "activation": job.activation,
        "seed": job.seed,
        **json.loads(job.settings),
        "rate": job.rate,
        "seconds": run.seconds,
    }
    return [shared | {"measure": name, "value": run.results[name]} for name in measures]
