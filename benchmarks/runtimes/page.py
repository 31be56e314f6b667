"""The results page."""

from __future__ import annotations

from math import isfinite
from statistics import median
from typing import Any

Row = dict[str, Any]

HEAD = """\
# Mish in the runtimes

Made by `python benchmarks/runtimes`, which overwrites this page. Float32 models of opset 17 and 18
in every form. One Mish works on an array of 1×16×256×256; its errors are against float64: absolute
from −20 to 20, and in units in the last place of float32 from −87 to −20 and from −20 to 20, over a
million points; ">" 10⁶ ulp means that no digit is left; and at all numbers of float16, in units of
that. "Wrong" lists the special inputs that give
another kind of result, or are off by more than a thousandth, with what they give. Times are those
of the plain form (Softplus, Tanh, Mul) in ONNX Runtime divided by the runtime's: median of laps
that took turns, on normal inputs, one thread, conversion not counted. Forms beside those of
`mish optimize`: "log" is x·tanh(log(1+eˣ)); "softsign" has two clamps and no division.
Networks are timm's CSPDarknet-53 for one image of 3×256×256 and a transformer of four blocks for
128 vectors of 256; "off" is the largest difference of an output from ONNX Runtime's with the plain
form, over its largest size. Quantised networks are made by ONNX Runtime's `quantize_static` with
the one input; the small one without Mish shows what a runtime itself does to them. Opsets are those
at which a small convolutional network was converted and gave the right output.
"""

DONE = 1e6


def ratio_to_plain(row: Row) -> float | None:
    """How many times faster than ONNX Runtime's plain form, if it was timed."""
    laps = row.get("laps")
    return median(theirs / ours for ours, theirs in laps) if laps else None


def in_ulp(value: float) -> str:
    """An error in ulp, where a million says that nothing is right."""
    if not isfinite(value):
        return "no number"
    return "> 10⁶" if value > DONE else f"{value:.1f}"


def line(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def ratio(row: Row) -> str:
    """The speed as a cell."""
    found = ratio_to_plain(row)
    return "" if found is None else f"{found:.2f}"


def reason(row: Row) -> str:
    """Why a row failed, fit for a cell."""
    return " ".join(row["failed"].replace("|", "/").split())[:160]


def one_mish(rows: list[Row]) -> list[str]:
    """The table of one Mish."""
    lines = [
        line(
            *("mode", "form", "absolute", "ulp, left", "ulp, middle", "ulp of float16"),
            *("wrong", "times faster"),
        ),
        line("---", "---", "---:", "---:", "---:", "---:", "---", "---:"),
    ]
    for row in rows:
        if "failed" in row:
            lines.append(line(row["mode"], row["form"], "fails", "", "", "", reason(row), ""))
            continue
        wrong = ", ".join(f"{name} → {value:.3g}" for name, value in row["specials"].items())
        ulp = row["ulp"]
        errors = (in_ulp(each) for each in (ulp["left"], ulp["middle"], row["half"]))
        cells = (f"{row['absolute']:.1e}", *errors, wrong, ratio(row))
        lines.append(line(row["mode"], row["form"], *cells))
    return lines


def whole(rows: list[Row]) -> list[str]:
    """The table of networks."""
    if not rows:
        return []
    lines = [
        line("network", "mode", "form", "off", "times faster"),
        line("---", "---", "---", "---:", "---:"),
    ]
    for row in rows:
        off = f"{row['off']:.1e}" if "off" in row else ""
        told = ratio(row) if "failed" not in row else f"fails: {reason(row)}"
        lines.append(line(row["model"], row["mode"], row["form"], off, told))
    return ["", *lines]


def opsets(rows: list[Row]) -> list[str]:
    """What became of the small network at each opset."""
    if not rows:
        return []
    right = ", ".join(str(row["opset"]) for row in rows if row["right"])
    wrong = [
        f"{row['opset']}: {reason(row) if 'failed' in row else 'wrong output'}"
        for row in rows
        if not row["right"]
    ]
    return ["", f"Opsets: {right or 'none'}. {'. '.join(wrong)}".rstrip()]


def page(known: dict[str, Any]) -> str:
    """All that is known, as Markdown."""
    parts = [HEAD]
    for name, found in known["runtimes"].items():
        rows: list[Row] = found["rows"]
        versions = next((row["versions"] for row in rows if "versions" in row), {})
        told = ", ".join(f"{package} {version}" for package, version in versions.items())
        parts.append(f"## {name}\n\n{told}. {found['machine']}\n")
        single = [row for row in rows if row.get("model") == "one Mish"]
        parts.append(
            "\n".join(
                one_mish(single)
                + whole([row for row in rows if row.get("model") not in ("one Mish", "opset")])
                + opsets([row for row in rows if row.get("model") == "opset"])
            )
        )
        parts.append("")
    return "\n".join(parts)
