"""What was found, as Markdown and as JSON, written anew whenever there is more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stages import Stage

MOST = 5 << 20  # bytes of a file
_CUT = 3000  # characters of what a failed stage said


def read(rows: Path) -> list[dict[str, Any]]:
    """All whole lines of a stage's file; a process that was killed may leave half a one."""
    text = rows.read_text(encoding="utf-8") if rows.exists() else ""
    whole, _, _ = text.rpartition("\n")
    found = []
    for line in whole.splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:  # half a line, and another process went on behind it
            continue
    return found


def write(
    folder: Path,
    heading: str,
    stages: Sequence[Stage],
    rows: list[dict[str, Any]],
    outcomes: Mapping[str, Mapping[str, str]],
) -> None:
    """Write results.md and results.json; ``outcomes`` says how each stage ended."""
    content = {"heading": heading, "stages": outcomes, "rows": rows}
    _put(folder / "results.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    _put(folder / "results.md", _page(heading, stages, rows, outcomes))


def _put(path: Path, text: str) -> None:
    """Whole or not at all."""
    if len(text.encode()) > MOST:
        raise ValueError(f"{path.name} would have more than {MOST} bytes")
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _page(
    heading: str,
    stages: Sequence[Stage],
    rows: list[dict[str, Any]],
    outcomes: Mapping[str, Mapping[str, str]],
) -> str:
    overview = [{"stage": name, **outcome} for name, outcome in outcomes.items()]
    short = [{k: v for k, v in each.items() if k != "said"} for each in overview]
    parts = [f"# Mish on a GPU: {heading}", "Made by `benchmarks/gpu`.", _table(short)]
    parts.append("In ratios, the others' times are given in mish's, or in that of the fused layer.")
    for stage in stages:
        mine = [row for row in rows if row["stage"] == stage.name]
        said = outcomes.get(stage.name, {}).get("said", "")
        if mine or said:
            parts.append(f"## {stage.title}")
        tables = dict.fromkeys(row["table"] for row in mine)
        for table in tables:
            parts.append(f"### {table}")
            parts.append(_table([row["cells"] for row in mine if row["table"] == table]))
        if said:
            parts.append(f"```\n{said[-_CUT:]}\n```")
    return "\n\n".join(parts) + "\n"


def _table(lines: Sequence[Mapping[str, Any]]) -> str:
    heads = list(dict.fromkeys(head for line in lines for head in line))
    shown = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for line in lines:
        cells = (str(line.get(head, "")).replace("|", "\\|").replace("\n", " ") for head in heads)
        shown.append(f"| {' | '.join(cells)} |")
    return "\n".join(shown)
