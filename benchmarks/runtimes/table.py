"""The table of docs/deploy.md, made of the package's data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from advice import FORMS
from page import line

BEGIN = "<!-- made by python benchmarks/runtimes -->\n"
END = "<!-- end -->"
STARTS = {"onnx": "an ONNX file", "torch": "PyTorch"}


def write_table(path: Path, data: dict[str, Any]) -> None:
    """Put the table between its marks."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{table(data)}\n\n{END}{after}", encoding="utf-8")


def table(data: dict[str, Any]) -> str:
    """A row for each runtime and start."""
    lines = [
        line("runtime", "from", "gets", "newest opset seen", *FORMS),
        line(*["---"] * (4 + len(FORMS))),
    ]
    for name, starts in data.items():
        for start, found in starts.items():
            cells = (_cell(found["forms"].get(form)) for form in FORMS)
            opset = str(found.get("opset", ""))
            lines.append(line(name, STARTS[start], found["form"], opset, *cells))
    return "\n".join(lines)


def _cell(of: dict[str, Any] | None) -> str:
    """The error, and how many times as fast as ONNX Runtime's plain form."""
    if of is None:
        return "not run"
    if "fails" in of:
        return "does not convert"
    parts = ["no digits left" if of["ulp"] is None else f"{of['ulp']} ulp"]
    if of["faster"] is not None:
        parts.append(str(of["faster"]))
    parts += [str(speed) for speed in of["networks"].values()]
    return ", ".join(parts)
