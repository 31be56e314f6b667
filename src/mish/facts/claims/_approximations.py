"""Approximations of Mish that are in use, and how far each is off."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

import mish
from mish.facts.claims._types import Claim, judge

_Array = npt.NDArray[np.float64]

_HALF_WIDTH = 30.0  # beyond, all of these are within 1e-11 of Mish or of 0 and x
_GOOD, _DIP = 0.01, 0.3088  # half true: the error is below half the depth of Mish's dip
_GOLDEN = (5**0.5 - 1) / 2


class Distance(NamedTuple):
    """The largest distance from Mish, and where."""

    error: float
    place: float


def _logistic(x: _Array) -> _Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _clamped(shift: float, width: float) -> Callable[[_Array], _Array]:
    return lambda x: x * np.clip(x + shift, 0, width) / width


def _cubic(reach: float) -> Callable[[_Array], _Array]:
    """X left at the right of 0, x·(1 + x/reach)² down to −reach, then 0."""
    return lambda x: np.where(x > 0, x, x * np.clip(1 + x / reach, 0, None) ** 2)


def distance(approximation: Callable[[_Array], _Array]) -> Distance:
    """Find the largest distance on the line, by a grid that is refined twice."""
    low, high = -_HALF_WIDTH, _HALF_WIDTH
    for _ in range(3):
        x = np.linspace(low, high, 60_001)
        off = np.abs(approximation(x) - mish.mish(x))
        place = int(off.argmax())
        low, high = x[max(place - 2, 0)], x[min(place + 2, len(x) - 1)]
    return Distance(float(off[place]), float(x[place]))


def best_sigmoid() -> Claim:
    """Find the β for which x·σ(βx) is nearest, by golden section."""

    def at(beta: float) -> Distance:
        return distance(lambda x: x * _logistic(beta * x))

    low, high = 1.0, 2.0
    for _ in range(30):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if at(left).error < at(right).error:
            high = right
        else:
            low = left
    beta = (low + high) / 2
    found, plain = at(beta), at(1.0)
    return _claim(
        "approximation-sigmoid",
        "x·sigmoid(βx) approximates Mish",
        found,
        f"The best β is {beta:.4f}; Swish itself (β = 1) is off by {plain.error:.4f}.",
        {"beta": beta, "swish_error": plain.error},
    )


def hard_mish() -> Claim:
    """x/2·min(2, max(0, x + 2))."""
    return _claim(
        "approximation-hard-mish",
        "Hard-Mish, x/2·min(2, max(0, x + 2)), approximates Mish",
        distance(_clamped(2, 2)),
    )


def relu5() -> Claim:
    """x·relu5(x + 2.8)/5."""
    return _claim(
        "approximation-relu5",
        "x·relu5(x + 2.8)/5 approximates Mish",
        distance(_clamped(2.8, 5)),
    )


def cubics() -> Claim:
    """The hard-Mish of two cubics."""
    short, long = distance(_cubic(1)), distance(_cubic(4))
    better, worse = sorted((short, long))
    return _claim(
        "approximation-cubic",
        "Hard-Mish with a cubic, x(1 + x)² on [−1, 0] or x(1 + x/4)² on [−4, 0], approximates Mish",
        better,
        f"That is the better one; the other is off by {worse.error:.4f}.",
        {"other_error": worse.error},
    )


def _claim(
    name: str,
    text: str,
    found: Distance,
    remark: str = "",
    numbers: dict[str, float] | None = None,
) -> Claim:
    reason = f"Off by up to {found.error:.4f}, at x = {found.place:.4f}. {remark}"
    return Claim(
        name,
        text,
        judge(found.error < _GOOD, half=found.error < _DIP / 2),
        f"{reason.strip()} For comparison, Mish dips to −{_DIP}.".replace("= -", "= −"),
        {"error": found.error, "x": found.place, **(numbers or {})},
        "computed in float64 on grids that are refined around the worst place",
    )
