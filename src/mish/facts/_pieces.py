"""Activations made of pieces: facts that follow from their formulas without error, and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from flint import fmpq
from numpy.polynomial import Polynomial

from mish.facts._types import Enclosure, Fact, Facts, collect

_METHOD = "exact, from the formula of each piece"


_Given: TypeAlias = Mapping[str, str | tuple[str, Mapping[str, tuple[int, int]]]]
"""By name a statement, or a statement and its numbers as numerators and denominators."""


def _facts(name: str, label: str, formula: str, given: _Given) -> Facts:
    facts = []
    for key, statement in given.items():
        text, numbers = (statement, {}) if isinstance(statement, str) else statement
        exact = {each: Enclosure.of(fmpq(*value)) for each, value in numbers.items()}
        facts.append(Fact(key, text, _METHOD, exact))
    return collect(name, label, formula, facts)


_RELU = _facts(
    "relu",
    "ReLU",
    "max(x, 0)",
    {
        "zeros": "all x ≤ 0",
        "minimum": ("f = {value} at all x ≤ 0", {"value": (0, 1)}),
        "monotonicity": "constant on (−∞, 0), increasing on (0, ∞)",
        "inflections": "none; f′ jumps from 0 to 1 at 0",
        "convexity": "convex on (−∞, ∞)",
        "curvature_extrema": "none; f″ = 0 but at 0, where it does not exist",
        "lipschitz": ("{value}", {"value": (1, 1)}),
        "lipschitz_of_slope": "none: f′ jumps at 0",
        "range": "[0, ∞)",
        "slope_range": "0 and 1",
        "curvature_range": "0",
        "left": "f = 0 for x ≤ 0",
        "right": "f = x for x ≥ 0",
        "at_zero": "f(0) = 0; f′ does not exist",
        "smoothness": "continuous; f′ jumps at 0",
    },
)

_ELU = _facts(
    "elu",
    "ELU (α = 1)",
    "x for x > 0, else eˣ − 1",
    {
        "zeros": ("x = {x}, the only zero", {"x": (0, 1)}),
        "minimum": "none: f increases from its limit −1",
        "monotonicity": "increasing on (−∞, ∞)",
        "inflections": "none",
        "convexity": "convex on (−∞, ∞)",
        "curvature_extrema": "none; f″ rises to 1 at 0 from the left and is 0 on the right",
        "lipschitz": ("{value}, reached by f′ at all x ≥ 0", {"value": (1, 1)}),
        "lipschitz_of_slope": ("{value}, the limit of f″ at 0 from the left", {"value": (1, 1)}),
        "range": "(−1, ∞)",
        "slope_range": "(0, 1]",
        "curvature_range": "[0, 1)",
        "left": "f → −1 as x → −∞; for x < 0: f + 1 = eˣ",
        "right": "f = x for x ≥ 0",
        "at_zero": "f(0) = 0, f′(0) = 1; f″ does not exist",
        "smoothness": "f′ continuous; f″ jumps at 0",
    },
)

_HARD_SWISH = _facts(
    "hard_swish",
    "hard-swish",
    "x·min(max(x + 3, 0), 6)/6",
    {
        "zeros": "all x ≤ −3, and x = 0",
        "minimum": ("f = {value} at x = {x}", {"value": (-3, 8), "x": (-3, 2)}),
        "monotonicity": (
            "constant on (−∞, −3), decreasing on (−3, {x}), increasing on ({x}, ∞)",
            {"x": (-3, 2)},
        ),
        "inflections": "f′ jumps down at −3, from 0 to −1/2, and at 3, from 3/2 to 1",
        "convexity": "convex on (−3, 3); not across ±3, where f′ jumps down",
        "curvature_extrema": "none; f″ = 1/3 on (−3, 3) and 0 beyond",
        "lipschitz": ("{value}, the limit of f′ at 3 from the left", {"value": (3, 2)}),
        "lipschitz_of_slope": "none: f′ jumps at ±3",
        "range": ("[{low}, ∞)", {"low": (-3, 8)}),
        "slope_range": ("({low}, {high})", {"low": (-1, 2), "high": (3, 2)}),
        "curvature_range": "0 and 1/3",
        "left": "f = 0 for x ≤ −3",
        "right": "f = x for x ≥ 3",
        "at_zero": "f(0) = 0, f′(0) = 1/2, f″(0) = 1/3",
        "smoothness": "continuous; f′ jumps at ±3",
    },
)

PIECEWISE = {each.name: each for each in (_RELU, _ELU, _HARD_SWISH)}

_RAMP = Polynomial([0, 1])
_ZERO = Polynomial([0])
_EXPM1 = None  # the piece eˣ − 1

PIECES: dict[str, tuple[tuple[float, ...], tuple[Polynomial | None, ...]]] = {
    "relu": ((0.0,), (_ZERO, _RAMP)),
    "elu": ((0.0,), (_EXPM1, _RAMP)),
    "hard_swish": ((-3.0, 3.0), (_ZERO, Polynomial([0, 1 / 2, 1 / 6]), _RAMP)),
}


def piecewise_values(name: str, x: npt.NDArray[np.float64], order: int) -> npt.NDArray[np.float64]:
    """Evaluate a derivative; NaN where two pieces meet and it, or a lower one, differs."""
    breaks, pieces = PIECES[name]
    which = np.searchsorted(breaks, x)
    result = np.full(x.shape, np.nan)
    for i, piece in enumerate(pieces):
        here = which == i
        result[here] = _piece(piece, x[here], order)
    for place, left, right in zip(breaks, pieces, pieces[1:], strict=False):
        at = np.array([place])
        if any(_piece(left, at, m) != _piece(right, at, m) for m in range(order + 1)):
            result[x == place] = np.nan
    return result


def _piece(
    piece: Polynomial | None, x: npt.NDArray[np.float64], order: int
) -> npt.NDArray[np.float64]:
    if piece is None:
        return np.exp(x) if order else np.expm1(x)
    values: npt.NDArray[np.float64] = piece.deriv(order)(x)
    return values
