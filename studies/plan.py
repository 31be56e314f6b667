"""Plan how many pairs each setting of the studies has, by the spreads of a pilot.

Usage: python studies/plan.py [--check] RESULTS.parquet [...]

The pilot is the first 20 pairs, as `mish study NAME --seeds 20 --table RESULTS.parquet` gives them;
a table that has more is as good, so the plan can be made anew of the final results. It is made
before the rest is run, and stated in docs/studies-plan.md; src/mish/study/_studies/planned.json
says the same to the studies. With --check nothing is written, and the exit code says whether both
are what the tables give.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mish import study
from mish._support.files import replacing
from mish.study import _words as words
from mish.study._cells import Settings
from mish.study._findings import Findings, findings
from mish.study._power import POWER, power_of_difference, power_of_sameness
from mish.study._studies import STUDIES
from mish.study._studies._experiment import FIRST_LOOK, MOST, Experiment
from mish.study._table import read_table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "studies-plan.md"
HOPELESS = 1_000  # pairs; where so many are needed, the power with MOST of them is 0.23 at best
DATA = ROOT / "src" / "mish" / "study" / "_studies" / "planned.json"

BEGINNING = f"""# The plan of the studies

Made by `python studies/plan.py` of the first {FIRST_LOOK} pairs, before the others were run. For
each setting: the largest standard deviation of the paired differences among the other activations,
the pairs that a verdict at the margin δ then needs for a power of {POWER:g}, the pairs planned, and
the chance with these to find a difference of δ, and to show the same what is. Holm's correction is
counted over all comparisons of a study. Planned are as many as are needed, but no fewer than
{FIRST_LOOK} and no more than {MOST}. A setting that needs over {HOPELESS:,} keeps the {FIRST_LOOK}:
{MOST} would hardly show more. Settings that decide what a study asks have {MOST} in any case.

| study | setting | δ | spread | needed | planned | finds δ | shows the same |
|---|---|--:|--:|--:|--:|--:|--:|
"""


def needed(found: Findings) -> Iterator[tuple[Settings, float, float]]:
    """Give the settings of a study, the widest spread in each and the pairs that it needs."""
    for settings in found.study.settings("full"):
        part = found.verdicts
        for name, value in settings.items():
            part = part[part[name] == value]
        if not part["spread"].isna().all():
            widest = part.loc[part["spread"].idxmax()]
            yield settings, widest["spread"], widest["pairs_needed"]


def planned(experiment: Experiment, settings: Settings, pairs: float) -> int:
    """Give the pairs of a setting that needs so many."""
    if experiment.decides(settings):
        return MOST
    return FIRST_LOOK if pairs > HOPELESS else int(min(max(pairs, FIRST_LOOK), MOST))


def row(found: Findings, settings: Settings, spread: float, pairs: float, plan: int) -> str:
    """Write a row of the page."""
    measure = found.study.measures[0]
    chances = [
        each(plan, spread, measure.margin, len(found.verdicts))
        for each in (power_of_difference, power_of_sameness)
    ]
    cells = [
        found.study.name,
        words.setting(settings),
        words.margin(measure),
        words.number(spread, words.decimals(measure)),
        "∞" if math.isinf(pairs) else words.number(pairs, 0),
        str(plan),
        *(words.number(each, 2) for each in chances),
    ]
    return f"| {' | '.join(cells)} |"


def made(paths: Sequence[Path]) -> tuple[str, str]:
    """Give the page and the data.

    Raises:
        ValueError: a table cannot be read, or has no pilot of one of the package's studies.
    """
    known = study.studies()
    rows: list[str] = []
    plan: dict[str, list[Mapping[str, Any]]] = {}
    for path in paths:
        table = read_table(path)
        for name in dict.fromkeys(table["study"]):
            if name not in STUDIES:
                raise ValueError(f"{path} has results of {name!r}, which is no study to plan")
            pilot = table[(table["study"] == name) & (table["seed"] < FIRST_LOOK)]
            found = findings(pilot, known[name])
            if found is None or found.scale != "full":
                raise ValueError(f"{path} has no comparison of {name} at the full scale")
            plan[name] = []
            for settings, spread, pairs in needed(found):
                count = planned(known[name], settings, pairs)
                rows.append(row(found, settings, spread, pairs, count))
                plan[name].append({"settings": dict(settings), "pairs": count})
    lines = (
        f"  {json.dumps(name)}: [\n"
        + ",\n".join(f"    {json.dumps(each)}" for each in settings)
        + "\n  ]"
        for name, settings in plan.items()
    )
    return BEGINNING + "\n".join(rows) + "\n", "{\n" + ",\n".join(lines) + "\n}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the page and the data, or compare them."""
    parser = argparse.ArgumentParser(description="State the power of studies beforehand.")
    parser.add_argument("tables", nargs="+", type=Path, metavar="RESULTS.parquet")
    parser.add_argument("--check", action="store_true", help="only compare, write nothing")
    options = parser.parse_args(arguments)
    try:
        for path, text in zip((PAGE, DATA), made(options.tables), strict=True):
            if options.check:
                if path.read_text(encoding="utf-8") != text:
                    sys.exit(f"{path} is not what the tables give: python studies/plan.py makes it")
            else:
                with replacing(path) as file:
                    file.write(text.encode())
    except (ValueError, OSError) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
