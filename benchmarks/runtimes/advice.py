"""Which form of the package a runtime should get, by what was measured; data of the package."""

from __future__ import annotations

from typing import Any

from page import DONE, Row, speed

FORMS = ("sigmoid", "op", "softplus")
"""In this order where nothing else decides; `native` is for ONNX Runtime with mish beside it."""

MODES = {"openvino": "f32", "mnn": "high", "ncnn": "fp32", "executorch": "xnnpack"}
"""The mode that decides, where it is not float32."""

CLOSE = 0.95  # two forms whose speeds differ less are equally fast
ULP = 100.0  # beyond it, results of a form are called wrong where another's are right


def _errors(row: Row) -> float:
    return float(row["ulp"]["middle"])


def advise(runtime: str, rows: list[Row]) -> dict[str, Any] | None:
    """The form for a runtime, and what is known of each; None if no form runs there.

    A form that keeps its digits goes before one that loses them left of zero, and then the
    fastest one; forms that are equally fast stand in the order of FORMS.
    """
    mode = MODES.get(runtime, "float32")
    known = {
        row["form"]: row
        for row in rows
        if row.get("model") == "one Mish" and row["mode"] == mode and row["form"] in FORMS
    }
    runs = {form: row for form, row in known.items() if "failed" not in row}
    if not runs:
        return None
    exact = {form for form, row in runs.items() if _errors(row) <= ULP} or set(runs)
    best = max((speed(runs[form]) or 0.0) for form in exact)
    form = next(
        each for each in FORMS if each in exact and (speed(runs[each]) or 0.0) >= CLOSE * best
    )
    return {
        "form": form,
        "versions": next(row["versions"] for row in runs.values()),
        "forms": {
            each: {"fails": row["failed"]}
            if "failed" in row
            else {
                "ulp": None if _errors(row) > DONE else round(_errors(row), 1),
                "wrong": sorted(row["specials"]),
                "faster": None if speed(row) is None else round(speed(row) or 0.0, 2),
            }
            for each, row in known.items()
        },
    }
