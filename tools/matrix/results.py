"""What came of the cells of the matrix: kept in the package, and shown in docs/compatibility.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypedDict
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
TRIED = ROOT / "src" / "mish" / "_support" / "tried.json"
PAGE = ROOT / "docs" / "compatibility.md"

# In the order of the page; what else a row names.
KINDS = {
    "Python": ["numpy"],
    "NumPy": [],
    "PyTorch": ["numpy"],
    "ONNX Runtime": ["onnx", "numpy"],
    "JAX": ["numpy"],
    "lowest versions": [],
}

HEAD = """\
# Versions that were tried

Made by `nox -t matrix`; [noxfile.py](../noxfile.py) says which tests run: those of the part that a
row is about, without those that take long. A test is skipped where what it needs is not there.
`mish info` tells the oldest and the newest.
"""


class Cell(TypedDict):
    """A cell of the matrix: what it is of, what was installed, and what the tests said."""

    of: str
    version: str
    python: str
    packages: dict[str, str]
    passed: int
    failed: int
    skipped: int


def counts(report: Path) -> tuple[int, int, int]:
    """How many tests of a JUnit report passed, failed, and were skipped."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    found = [
        [int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")]
        for suite in suites
    ]
    tests, failures, errors, skipped = map(sum, zip(*found, strict=True))
    return tests - failures - errors - skipped, failures + errors, skipped


def record(cell: Cell) -> None:
    """Put a cell in the place of an earlier one of the same name, and write the page anew."""
    cells = [each for each in read() if _name(each) != _name(cell)] + [cell]
    cells.sort(key=lambda each: (list(KINDS).index(each["of"]), _numbers(each["version"])))
    TRIED.write_text(json.dumps(cells, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(cells), encoding="utf-8")


def read() -> list[Cell]:
    """All cells."""
    return json.loads(TRIED.read_text(encoding="utf-8")) if TRIED.exists() else []


def page(cells: list[Cell]) -> str:
    """The page of all cells."""
    return "\n".join([HEAD, *filter(None, (_table(kind, cells) for kind in KINDS))])


def _table(kind: str, cells: list[Cell]) -> str:
    rows = [each for each in cells if each["of"] == kind]
    if not rows:
        return ""
    beside = KINDS[kind]
    head = [kind, *([] if kind == "Python" else ["Python"]), *(beside or ["with"])]
    lines = [
        f"## {kind[0].upper()}{kind[1:]}\n",
        f"| {' | '.join([*head, 'passed', 'failed', 'skipped'])} |",
        f"|{'---|' * len(head)}{'--:|' * 3}",
    ]
    for row in rows:
        packages = row["packages"]
        others = [packages.get(name, "") for name in beside]
        if not beside:
            named = (f"{name} {version}" for name, version in packages.items())
            others = [", ".join(named)]
        python = [] if kind == "Python" else [row["python"]]
        shown = row["python"] if kind == "Python" else row["version"]
        numbers = [str(row[key]) for key in ("passed", "failed", "skipped")]  # type: ignore[literal-required]
        lines.append(f"| {' | '.join([shown, *python, *others, *numbers])} |")
    return "\n".join([*lines, ""])


def _name(cell: Cell) -> tuple[str, str]:
    return cell["of"], cell["version"]


def _numbers(version: str) -> list[Any]:
    return [*map(int, re.findall(r"\d+", version)), version]
