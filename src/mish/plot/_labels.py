"""Labels beside points, where they cover neither a curve nor one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

_GAPS = (7, 16, 28, 42)  # from point to label, in points
_DIRECTIONS = ((0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0))
_LEADER_FROM = 16  # points: a line leads from the label to its point if it is so far


class Label(NamedTuple):
    """A text that belongs to a point."""

    text: str
    x: float
    y: float
    colour: str


def place(
    ax: Axes, labels: Sequence[Label], lines: Sequence[npt.NDArray[np.float64]], size: float
) -> None:
    """Write labels on axes whose limits are final, one after the other, each in the best place.

    Args:
        ax: the axes; its figure has been laid out.
        labels: what to write, the most important first.
        lines: the curves to keep clear of, as arrays of points in data coordinates.
        size: of the letters, in points.
    """
    pixel = ax.figure.dpi / 72
    frame = ax.get_window_extent()
    drawn = np.concatenate([ax.transData.transform(line) for line in lines])
    points = ax.transData.transform([(label.x, label.y) for label in labels])
    taken: list[tuple[float, float, float, float]] = []
    for label, (px, py) in zip(labels, points, strict=True):
        width, height = 0.56 * size * len(label.text) * pixel, 1.25 * size * pixel
        best: tuple[float, Any] = (np.inf, None)
        for gap in _GAPS:
            for dx, dy in _DIRECTIONS:
                left = px + dx * gap * pixel - width * (1 - dx) / 2
                bottom = py + dy * gap * pixel - height * (1 - dy) / 2
                box = (left, bottom, left + width, bottom + height)
                cost = gap / 20 + _cost(box, drawn, points, taken, frame)
                if cost < best[0]:
                    best = (cost, (dx, dy, gap, box))
        dx, dy, gap, box = best[1]
        taken.append(box)
        ax.annotate(
            label.text,
            (label.x, label.y),
            xytext=(dx * gap, dy * gap),
            textcoords="offset points",
            ha=("center", "left", "right")[dx],
            va=("center", "bottom", "top")[dy],
            color=label.colour,
            fontsize=size,
            arrowprops=(
                {"arrowstyle": "-", "color": label.colour, "linewidth": 0.6}
                if gap >= _LEADER_FROM
                else None
            ),
        )


def _cost(
    box: tuple[float, float, float, float],
    drawn: npt.NDArray[np.float64],
    points: npt.NDArray[np.float64],
    taken: Sequence[tuple[float, float, float, float]],
    frame: Bbox,
) -> float:
    """Count what a box covers: curves, marks, labels; and whether it leaves the frame."""
    left, bottom, right, top = box

    def inside(places: npt.NDArray[np.float64]) -> int:
        x, y = places.T
        return int(((x > left) & (x < right) & (y > bottom) & (y < top)).sum())

    overlaps = sum(
        left < other[2] and right > other[0] and bottom < other[3] and top > other[1]
        for other in taken
    )
    outside = left < frame.x0 or right > frame.x1 or bottom < frame.y0 or top > frame.y1
    cost: float = 0.1 * inside(drawn) + 3 * inside(points) + 10 * overlaps + 20 * outside
    return cost
