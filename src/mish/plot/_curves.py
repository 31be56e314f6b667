"""What is to be drawn: curves, and the points on them that have a name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import mish
from mish._support.extras import needs

MARKS = ("extrema", "zeros", "inflections")

_KINDS = {"minimum": "extrema", "maximum": "extrema", "zero": "zeros", "inflection": "inflections"}
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_CURVES = 12
# Beyond the first, differences of places overflow; below the second, axes have no numbers left.
_WIDEST, _NARROWEST = 1e300, 1e-9


@dataclass(frozen=True)
class Curve:
    """One derivative of one activation."""

    activation: str
    order: int

    @property
    def label(self) -> str:
        """Its name, as ``mish′(x)``."""
        n = self.order
        prime = ("", "′", "″", "‴")[n] if n < 4 else f"⁽{n}⁾".translate(_SUPERSCRIPTS)
        return f"{self.activation}{prime}(x)"

    def at(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Its values."""
        if self.activation == "mish":
            values: npt.NDArray[np.float64] = mish.derivative(x, self.order)
            return values
        with needs("plot", "mish.plot"):
            from mish import facts
        return facts.values(self.activation, x, self.order)


@dataclass(frozen=True)
class Mark:
    """A zero, extremum or inflection of a curve."""

    kind: str
    x: float
    y: float

    @property
    def text(self) -> str:
        """Its coordinates, to three decimals; of a zero, the place alone."""
        if self.kind == "zeros":
            return f"x = {self.x + 0.0:.3f}".replace("-", "−") if self.x else "x = 0"
        return f"({self.x + 0.0:.3f}, {self.y + 0.0:.3f})".replace("-", "−")


def curves(
    orders: Sequence[int], against: Sequence[str], interval: tuple[float, float]
) -> list[Curve]:
    """Check what is asked for, and list it: all orders of Mish, then of the others.

    Raises:
        ModuleNotFoundError: python-flint is missing, and ``against`` needs it.
        ValueError: the message says which argument is not usable, and why.
    """
    low, high = interval
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"interval must be two finite increasing numbers, not {low} and {high}")
    if not high - low < _WIDEST or high - low < _NARROWEST * max(abs(low), abs(high)):
        raise ValueError(
            f"interval must be narrower than {_WIDEST:g}, and wider than {_NARROWEST:g} of its "
            f"larger end, not {low} to {high}"
        )
    if not orders or any(order < 0 for order in orders):
        raise ValueError(f"orders must be one or more numbers from 0 on, not {list(orders)}")
    if against:
        with needs("plot", "mish.plot"):
            from mish.facts import check_name
        for name in against:
            check_name(name, "against")
    names = dict.fromkeys(["mish", *against])
    found = [Curve(name, order) for name in names for order in dict.fromkeys(orders)]
    if len(found) > _MOST_CURVES:
        raise ValueError(f"{len(found)} curves are too many for one picture; {_MOST_CURVES} fit")
    return found


def marks(curve: Curve, kinds: Sequence[str], interval: tuple[float, float]) -> list[Mark]:
    """Find the certified points of a curve within an interval; none of a piecewise one.

    Raises:
        ModuleNotFoundError: python-flint is not installed.
        ValueError: ``kinds`` has other names than those of ``MARKS``.
    """
    unknown = [kind for kind in kinds if kind not in MARKS]
    if unknown:
        raise ValueError(f"marks must be some of {', '.join(MARKS)}, not {unknown[0]!r}")
    if not kinds:
        return []
    with needs("plot", "mish.plot"):
        from mish import facts
    if curve.activation not in facts.SMOOTH_ACTIVATIONS:
        return []
    low, high = interval
    found = [
        (_KINDS[point.kind], float(point.x))
        for point in facts.points(curve.activation, curve.order)
    ]
    places = [(kind, x) for kind, x in found if kind in kinds and low <= x <= high]
    heights = curve.at(np.array([x for _, x in places], np.float64))
    return [Mark(kind, x, float(y)) for (kind, x), y in zip(places, heights, strict=True)]
