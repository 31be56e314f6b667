"""Which form of the package a runtime should get, by what was measured; data of the package."""

from __future__ import annotations

from math import isfinite, prod
from typing import Any

from page import DONE, Row, ratio_to_plain

FORMS = ("sigmoid", "logistic", "op", "softplus")
"""In this order where nothing else decides; `native` is for ONNX Runtime with mish beside it."""
SHOWN = (*FORMS, "float16")
"""`float16` is for arithmetic in float16 alone."""

CLOSE = 0.95  # two forms whose speeds differ less are equally fast
ULP = 100.0  # beyond it, a form has lost its digits left of zero
FINITE = ("-1e4", "-3e38", "3e38", "1e4", "65504")


def _middle(row: Row) -> float:
    return float(row["ulp"]["middle"])


def _stays_finite(row: Row) -> bool:
    """Whether no finite input was seen to give an infinity or NaN."""
    return all(isfinite(row["specials"].get(name, 0.0)) for name in FINITE)


def _speeds(rows: list[Row], mode: str, form: str) -> dict[str, float]:
    """The speed of each network, and of one Mish."""
    found = {}
    for row in rows:
        if row.get("mode") == mode and row.get("form") == form:
            speed = ratio_to_plain(row)
            if speed is not None:
                found[row["model"]] = speed
    return found


def _overall(speeds: dict[str, dict[str, float]]) -> dict[str, float]:
    """What decides: how many times as fast each form is as the one that was timed most.

    It is the mean over the networks that both were timed in, or else one Mish.
    """
    most = max(speeds.values(), key=len)
    return {form: _mean_ratio(each, most) for form, each in speeds.items()}


def _mean_ratio(ours: dict[str, float], theirs: dict[str, float]) -> float:
    shared = ours.keys() & theirs.keys()
    chosen = shared - {"one Mish"} or shared
    return prod(ours[name] / theirs[name] for name in chosen) ** (1 / max(len(chosen), 1))


def advise(rows: list[Row], about: dict[str, Any]) -> dict[str, Any] | None:
    """What a runtime should get, and what is known of each form; None if no form runs there.

    A form that stays finite for finite inputs goes before one that does not, one that keeps its
    digits before one that loses them left of zero, and then the fastest one; forms that are equally
    fast stand in the order of FORMS.

    Args:
        rows: What was found.
        about: The constants of the runtime's module: the first of its MODES decides, the forms
            that AVOID names, each with the reason, are not taken, and HALF names the modes that
            compute in float16.
    """
    mode, avoided = next(iter(about["MODES"])), about.get("AVOID", {})
    single = [row for row in rows if row.get("model") == "one Mish"]
    known = {row["form"]: row for row in single if row["mode"] == mode and row["form"] in SHOWN}
    runs = {form: row for form, row in known.items() if "failed" not in row}
    if not runs:
        return None
    speeds = {form: _speeds(rows, mode, form) for form in runs}
    good = [form for form in FORMS if form in runs and form not in avoided]
    for better in (_stays_finite, lambda row: _middle(row) <= ULP):
        good = [form for form in good if better(runs[form])] or good
    overall = _overall({form: speeds[form] for form in good})
    form = next(each for each in good if overall[each] >= CLOSE * max(overall.values()))
    taken = [row["opset"] for row in rows if row.get("model") == "opset" and row.get("right")]
    return {
        "form": form,
        **({"opset": max(taken)} if taken else {}),
        "precision": mode,
        "precisions": {
            row["mode"]: row["absolute"]
            for row in single
            if row["form"] == form and row["mode"] != mode and "failed" not in row
        },
        "half": {each: _in_half(single, each) for each in about.get("HALF", ())},
        "reasons": [reason for reason in avoided.values() if reason],
        "versions": next(row["versions"] for row in runs.values()),
        "forms": {
            each: _told(known[each], speeds.get(each, {})) for each in SHOWN if each in known
        },
    }


def _in_half(single: list[Row], mode: str) -> dict[str, Any]:
    """The error of each form in a mode of float16, in ulp of that; None where it overflows."""
    rows = [row for row in single if row["mode"] == mode and "half" in row]
    halves = {row["form"]: row["half"] for row in rows if row["form"] in SHOWN}
    return {
        form: round(halves[form], 1) if isfinite(halves[form]) else None
        for form in SHOWN
        if form in halves
    }


def _told(row: Row, speeds: dict[str, float]) -> dict[str, Any]:
    if "failed" in row:
        return {"fails": row["failed"]}
    rounded = {name: round(speed, 2) for name, speed in sorted(speeds.items())}
    return {
        "ulp": None if _middle(row) > DONE else round(_middle(row), 1),
        "wrong": sorted(row["specials"]),
        "faster": rounded.pop("one Mish", None),
        "networks": rounded,
    }
