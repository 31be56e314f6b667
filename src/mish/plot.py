"""Pictures of Mish and its first derivative, with Matplotlib (the ``plot`` extra)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import mish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 1001


class _Mark(NamedTuple):
    place: float  # a zero of the next derivative
    offset: tuple[int, int]  # of the label's nearest edge, in points
    align: str


class _Curve(NamedTuple):
    function: np.ufunc
    label: str
    style: dict[str, Any]
    marks: tuple[_Mark, ...]


# Two colours of Okabe and Ito's palette, which colour-blind eyes tell apart; the line styles do
# the same in grey. Each label lies on the side of its mark where there is no curve.
_CURVES = (
    _Curve(
        mish.mish,
        "mish(x)",
        {"color": "#0072B2", "linestyle": "-"},
        (_Mark(-1.1924312145154952, (0, -8), "center"),),
    ),
    _Curve(
        mish.mish_d1,
        "mish′(x)",
        {"color": "#D55E00", "linestyle": "--"},
        (
            _Mark(-2.2563763963607931, (0, 8), "center"),
            _Mark(1.4905711794854284, (0, -8), "left"),
        ),
    ),
)


def draw(
    orders: Sequence[int] = (0, 1),
    interval: tuple[float, float] = (-6.0, 4.0),
    ax: Axes | None = None,
) -> Axes:
    """Draw Mish and its derivatives, with the points where each is stationary.

    Args:
        orders: which to draw: 0 is the function, 1 its first derivative.
        interval: the ends of the x axis, finite and increasing.
        ax: the axes to draw on; by default those of a new pyplot figure.

    Returns:
        The axes that were drawn on.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed.
        ValueError: ``orders`` or ``interval`` is not usable.
    """
    low, high = interval
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"interval must be two finite increasing numbers, not {low} and {high}")
    unknown = [order for order in orders if not 0 <= order < len(_CURVES)]
    if unknown or not orders:
        raise ValueError(f"orders must be some of 0 and 1, not {list(orders)}")
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(layout="constrained")[1]
    x = np.linspace(low, high, _POINTS)
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.axvline(0, color="0.6", linewidth=0.8)
    for curve in (_CURVES[order] for order in dict.fromkeys(orders)):
        ax.plot(x, curve.function(x), label=curve.label, linewidth=2, **curve.style)
        for mark in curve.marks:
            if low <= mark.place <= high:
                _draw_mark(ax, curve, mark)
    ax.margins(x=0, y=0.12)
    ax.set_xlabel("x")
    ax.grid(alpha=0.25)
    ax.legend(frameon=False, loc="upper left")
    return ax


def _draw_mark(ax: Axes, curve: _Curve, mark: _Mark) -> None:
    point = (mark.place, float(curve.function(mark.place)))
    ax.plot(*point, marker="o", color=curve.style["color"], linestyle="none")
    ax.annotate(
        "({:.3f}, {:.3f})".format(*point),
        point,
        xytext=mark.offset,
        textcoords="offset points",
        ha=mark.align,
        va="bottom" if mark.offset[1] > 0 else "top",
        color=curve.style["color"],
        fontsize="small",
    )
