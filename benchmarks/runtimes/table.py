"""The tables of docs/deploy.md, made of the package's data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from advice import FORMS, SHOWN
from page import line

BEGIN = "<!-- made by python benchmarks/runtimes -->\n"
BEGIN_HALVES = "<!-- float16, made by python benchmarks/runtimes -->\n"
END = "<!-- end -->"
NETWORKS = ("CSPDarknet-53", "transformer")
STARTS = {"onnx": "an ONNX file", "torch": "PyTorch"}


def write_tables(path: Path, data: dict[str, Any]) -> None:
    """Put both tables between their marks."""
    text = path.read_text(encoding="utf-8")
    for begin, made in ((BEGIN, table(data)), (BEGIN_HALVES, halves(data))):
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(END)
        text = f"{before}{begin}\n{made}\n\n{END}{after}"
    path.write_text(text, encoding="utf-8")


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


def halves(data: dict[str, Any]) -> str:
    """The same for modes of float16: each form's error in ulp of float16."""
    lines = [line("runtime", "mode", *SHOWN), line("---", "---", *["---:"] * len(SHOWN))]
    for name, starts in data.items():
        for found in starts.values():
            for mode, errors in found["half"].items():
                if errors:
                    lines.append(line(name, mode, *(_half(errors, form) for form in SHOWN)))
    return "\n".join(lines)


def _half(errors: dict[str, float | None], form: str) -> str:
    if form not in errors:
        return "not run"
    error = errors[form]
    return "NaN or infinity" if error is None else str(error)


def _cell(of: dict[str, Any] | None) -> str:
    """The error, and how many times as fast as ONNX Runtime's plain form."""
    if of is None:
        return "not run"
    if "fails" in of:
        return "does not convert"
    parts = ["no digits left" if of["ulp"] is None else f"{of['ulp']} ulp"]
    if of["faster"] is not None:
        parts.append(str(of["faster"]))
    if of["networks"]:
        parts += [str(of["networks"].get(name, "not timed")) for name in NETWORKS]
    return ", ".join(parts)
