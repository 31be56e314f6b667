"""What the interactive page shows: numbers and formulas, by the code that the commands use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import mish
from mish import facts, symbolic
from mish.plot._curves import Curve
from mish.plot._errors import INTERVAL, ErrorPicture, measure

ORDERS = tuple(range(6))
RANGE = (-8.0, 8.0)
STEP = 1 / 16
"""Between the places at which other activations are tabulated; 0 and ±3, where pieces meet, are
among them. Cubics through values and slopes are off by at most h⁴/384·max|f⁽ⁿ⁺⁴⁾| between them."""
TABLE_DECIMALS = 7

_TEXTS = ("unicode", "latex", "python", "c")
_WIDTH = 76  # columns of a formula in Unicode
_BINS = 250
_ERROR_ORDERS = (0, 1)


def functions() -> str:
    """Write Mish and its derivatives in JavaScript: those that are shown, and one for slopes."""
    written = [symbolic.formula(n).text("javascript") for n in (*ORDERS, len(ORDERS))]
    names = ["mish", *(f"mish_d{n}" for n in (*ORDERS[1:], len(ORDERS)))]
    return "\n\n".join(['"use strict";', *written, f"const MISH = [{', '.join(names)}];"])


def collect(peers: Sequence[str], dtype: str) -> dict[str, Any]:
    """Collect everything, ready for JSON.

    Raises:
        ValueError: ``peers`` or ``dtype`` is not usable, or a peer failed.
    """
    pictures = [measure(peers, dtype, n, INTERVAL, _BINS, lenient=n > 0) for n in _ERROR_ORDERS]
    minimum = facts.certified("mish")["minimum"].numbers
    return {
        "version": mish.__version__,
        "range": RANGE,
        "step": STEP,
        "labels": [Curve("mish", n).label for n in (*ORDERS, len(ORDERS))],
        "marks": [_marks(n) for n in ORDERS],
        "formulas": [
            {each: symbolic.formula(n).text(each, _WIDTH) for each in _TEXTS} for n in ORDERS
        ],
        "others": {name: _table(name) for name in facts.ACTIVATIONS if name != "mish"},
        "minimum": {name: float(number) for name, number in minimum.items()},
        "errors": {
            "dtype": dtype,
            "bound": pictures[0].bound,
            "interval": INTERVAL,
            "pictures": [_errors(each) for each in pictures],
        },
    }


def _marks(order: int) -> list[dict[str, Any]]:
    """Give the zeros, extrema and inflections of a derivative, their places to 20 digits."""
    found = [p for p in facts.points("mish", order) if RANGE[0] <= float(p.x) <= RANGE[1]]
    heights = mish.derivative(np.array([float(point.x) for point in found]), order)
    return [
        {"kind": point.kind, "digits": point.x.text(20), "x": float(point.x), "y": float(y)}
        for point, y in zip(found, heights, strict=True)
    ]


def _table(name: str) -> dict[str, Any]:
    """Tabulate an activation and its derivatives, one order more than are shown.

    A place where pieces meet is in the table twice: as its left and its right neighbour.
    """
    x = np.arange(RANGE[0], RANGE[1] + STEP, STEP)
    breaks = x[np.isnan(facts.values(name, x, 1)) | np.isnan(facts.values(name, x, 2))]
    sides = [np.nextafter(breaks, end) for end in (-np.inf, np.inf)]
    places = np.sort(np.concatenate([np.setdiff1d(x, breaks), *sides]))
    values = [facts.values(name, places, n) for n in (*ORDERS, len(ORDERS))]
    shape = facts.certified(name)
    return {
        "label": shape.label,
        "formula": shape.formula,
        "breaks": breaks.tolist(),
        "values": [_rounded(each) for each in values],
    }


def _rounded(values: npt.NDArray[np.float64]) -> list[float | int]:
    """Round for a table; whole numbers are written without a point."""
    rounded = np.round(values, TABLE_DECIMALS).tolist()
    return [int(each) if each == int(each) else each for each in rounded]


def _errors(picture: ErrorPicture) -> dict[str, Any]:
    curves = [
        {"label": each.label, "ours": each.ours, "worst": [_in_json(w) for w in each.worst]}
        for each in picture.curves
    ]
    return {"order": picture.order, "curves": curves}


def _in_json(worst: float) -> float | str | None:
    """JSON has neither NaN nor infinity."""
    if np.isnan(worst):
        return None
    return "inf" if np.isinf(worst) else float(f"{worst:.3g}")
