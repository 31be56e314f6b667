"""Make docs/studies-results.md, and the figures, verdicts and report beside the committed tables.

Usage: python studies/publish.py [--check]

Each Parquet file in studies/results holds results, as `mish study NAME --table FILE` writes them.
Verdicts are computed anew; nothing on the page is written by hand. With --check nothing is written,
and the exit code says whether the page is what the tables give.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mish import study
from mish._support.files import replacing
from mish.study import Measure
from mish.study import _words as words
from mish.study._figures import Drawing, alone
from mish.study._findings import Findings, findings
from mish.study._report import page as report
from mish.study._table import read_table, write_table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "studies" / "results"
PAGE = ROOT / "docs" / "studies-results.md"

BEGINNING = """# What studies found

Made by `python studies/publish.py` of the tables in `studies/results`. What the words mean, and
how they are computed: [studies.md](studies.md). δ is the margin; in brackets stands behind a
difference its 95 % interval, behind an activation in how many of the settings it is so. All of
this as one HTML page: [report.html](../studies/results/report.html).
"""
NOTHING = (
    "There are no tables yet: `mish study NAME --table studies/results/NAME.parquet` makes one.\n"
)


def found_in(folder: Path) -> list[Findings]:
    """Judge all studies that a folder has tables of, in the order in which they are listed.

    Raises:
        ValueError: a table cannot be read, or is of an unknown study or another version of one.
    """
    known = study.studies()
    found = {}
    for path in sorted(folder.glob("*.parquet")):
        table = read_table(path)
        for name in dict.fromkeys(table["study"]):
            if name not in known:
                raise ValueError(f"{path} has results of {name!r}, which is no study")
            if name in found:
                raise ValueError(f"{path} has results of {name}, and so has another table")
            found[name] = findings(table, known[name])
    return [each for name in known if (each := found.get(name)) is not None]


def page(found: Sequence[Findings]) -> str:
    """Write the page."""
    if not found:
        return f"{BEGINNING}\n{NOTHING}"
    return "\n".join([BEGINNING, *map(_section, found)])


def _section(found: Findings) -> str:
    judged = found.study.measures[0]
    name = found.study.name
    drawn = {f"{each.name.replace('_', ' ')}, means": each.name for each in found.measures}
    pictures = {"differences and their intervals; the band is ±δ": "forest", **drawn}
    parts = [
        f"## {name}",
        found.study.question,
        _listed(words.summary(found.verdicts, found.study)),
        f"Judged by {words.axis(judged)}, of which {judged.better} is better; δ is "
        f"{words.margin(judged)}: {judged.why}. {found.power()}",
        _matrix(found, found.verdicts, judged),
        *_beside(found),
        *(
            f"![{name}: {text}](../studies/results/{_picture(name, which)})"
            for text, which in pictures.items()
        ),
        f"All numbers: [{name}-verdicts.csv](../studies/results/{name}-verdicts.csv).",
        _listed([f"Command: `{found.command}`", *map(": ".join, found.facts().items())]),
    ]
    return "\n\n".join(parts) + "\n"


def _beside(found: Findings) -> list[str]:
    """Tell the differences by the other measures, measure by measure."""
    parts = []
    for measure in found.measures:
        if measure.name in found.beside:
            better = f"{words.axis(measure)}, of which {measure.better} is better"
            parts.append(f"Not judged, {better}:")
            parts.append(_matrix(found, found.beside[measure.name], measure))
    return parts


def _matrix(found: Findings, compared: pd.DataFrame, measure: Measure) -> str:
    """Tell comparisons: a line for each setting, a column for each other activation."""
    others = list(dict.fromkeys(compared["other"]))
    lines = [[f"{found.study.baseline} − other, {words.axis(measure)}", *others]]
    lines.append(["---"] * len(lines[0]))
    for setting, rows in found.by_setting(compared).items():
        cells = {row["other"]: _told(row, measure) for row in rows}
        lines.append([setting, *(cells.get(each, "") for each in others)])
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def _told(row: Mapping[str, Any], measure: Measure) -> str:
    """Write a difference, after the verdict if there is one."""
    word = f"**{row['word']}** " if "word" in row else ""
    return "; ".join(filter(None, [f"{word}{words.difference(row, measure)}", words.diverged(row)]))


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _picture(name: str, which: str) -> str:
    return f"{name}-{which.replace('_', '-')}.svg"


def write(found: Sequence[Findings], results: Path, target: Path) -> None:
    """Write figures, verdicts and the report beside the tables, then the page."""
    for each in found:
        name = each.study.name
        write_table(each.verdicts, results / f"{name}-verdicts.csv")
        (forest,) = each.forest_drawings(single=False)
        _write_picture(results / _picture(name, "forest"), forest)
        for measure in each.measures:
            (drawing,) = each.mean_drawings(measure, single=False)
            _write_picture(results / _picture(name, measure.name), drawing)
    if found:
        _write_text(results / "report.html", report(found))
    _write_text(target, page(found))


def _write_picture(path: Path, drawing: Drawing) -> None:
    _write_text(path, alone(drawing.svg))


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the page, or compare it."""
    parser = argparse.ArgumentParser(description="Make the page of what studies found.")
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args(arguments)
    try:
        found = found_in(RESULTS)
        if not options.check:
            write(found, RESULTS, PAGE)
        elif PAGE.read_text(encoding="utf-8") != page(found):
            sys.exit(f"{PAGE} is not what the tables give: run `python studies/publish.py`")
    except (ValueError, OSError) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
