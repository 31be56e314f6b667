"""Make docs/studies-plan.md: how many pairs verdicts will need, by the spreads of a pilot.

Usage: python studies/plan.py PILOT.parquet [...]

A pilot is a first part of the full runs, such as `mish study NAME --seeds 20 --table PILOT.parquet`
gives. The page is made before the rest is run: it states the power of the study beforehand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mish import study
from mish._support.files import replacing
from mish.study import _words as words
from mish.study._findings import Findings, findings
from mish.study._power import POWER, power_of_difference, power_of_sameness
from mish.study._table import read_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "studies-plan.md"

BEGINNING = f"""# The plan of the studies

Made by `python studies/plan.py` of a pilot, before the full runs. For each setting: the largest
standard deviation of the pilot's paired differences among the other activations, the pairs that a
verdict at the margin δ then needs for a power of {POWER:g}, the pairs planned, and the chance with
these to find a difference of δ, and to show the same what is. Holm's correction is counted over all
comparisons of a study.

| study | setting | δ | pilot's pairs | spread | needed | planned | finds δ | shows the same |
|---|---|--:|--:|--:|--:|--:|--:|--:|
"""


def rows(found: Findings) -> Iterator[list[str]]:
    """Give the cells of a study, a row for each setting."""
    measure = found.study.measures[0]
    tests = len(found.verdicts)
    for settings in found.study.settings("full"):
        part = found.verdicts
        for name, value in settings.items():
            part = part[part[name] == value]
        if part["spread"].isna().all():
            continue
        widest = part.loc[part["spread"].idxmax()]
        planned = len(found.study.seeds("full", settings))
        chances = (
            each(planned, widest["spread"], measure.margin, tests)
            for each in (power_of_difference, power_of_sameness)
        )
        yield [
            found.study.name,
            words.setting(settings),
            words.margin(measure),
            str(widest["pairs"]),
            words.number(widest["spread"], words.decimals(measure)),
            words.number(widest["pairs_needed"], 0),
            str(planned),
            *(words.number(each, 2) for each in chances),
        ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the page."""
    parser = argparse.ArgumentParser(description="State the power of studies beforehand.")
    parser.add_argument("pilots", nargs="+", type=Path, metavar="PILOT.parquet")
    options = parser.parse_args(arguments)
    known = study.studies()
    lines = []
    try:
        for path in options.pilots:
            table = read_table(path)
            for name in dict.fromkeys(table["study"]):
                if name not in known:
                    raise ValueError(f"{path} has results of {name!r}, which is no study")
                if (found := findings(table, known[name])) is None or found.scale != "full":
                    raise ValueError(f"{path} has no comparison of {name} at the full scale")
                lines += [f"| {' | '.join(row)} |" for row in rows(found)]
        with replacing(PAGE) as file:
            file.write((BEGINNING + "\n".join(lines) + "\n").encode())
    except (ValueError, OSError) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
