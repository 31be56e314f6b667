"""Labels beside points, where they cover neither a curve nor one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAPS = (7, 16, 28, 42)  # from point to label, in points
_DIRECTIONS = ((0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0))
_MOST_CROSSED = 0.6  # of a label's length by curves
_NOTHING = np.empty((0, 2))
_LEADER_FROM = 16  # points: a line leads from the label to its point if it is so far


class Label(NamedTuple):
    """A text that belongs to a point."""

    text: str
    x: float
    y: float
    colour: str


class Spot(NamedTuple):
    """Where a label goes: the direction from its point, and how far, in points."""

    label: Label
    across: int
    up: int
    gap: int


Box: TypeAlias = tuple[float, float, float, float]
"""Left, bottom, right and top, in pixels."""


def find_spots(
    ax: Axes,
    labels: Sequence[Label],
    lines: Sequence[npt.NDArray[np.float64]],
    size: float,
    taken: Sequence[Box] = (),
) -> list[Spot]:
    """Find a place for each label that fits, one after the other, each the best that is left.

    A label fits if it lies within the axes, covers no point and no other label, and is not struck
    through by a curve along most of its length; nor may the line to its point cross another label.

    Args:
        ax: the axes, whose limits are final; their figure has been laid out.
        labels: what to write, the most important first.
        lines: the curves to keep clear of, as arrays of points in data coordinates.
        size: of the letters, in points.
        taken: what else stands on the axes.
    """
    pixel = ax.figure.dpi / 72
    extent = ax.get_window_extent()
    frame = (extent.x0, extent.y0, extent.x1, extent.y1)
    drawn = np.concatenate([ax.transData.transform(line) for line in lines])
    points = ax.transData.transform([(label.x, label.y) for label in labels])
    most = _MOST_CROSSED * max(map(len, lines)) / extent.width  # points of curves in a pixel
    boxes = list(taken)
    spots = []
    for label, (px, py) in zip(labels, points, strict=True):
        width, height = 0.56 * size * len(label.text) * pixel, 1.25 * size * pixel
        best = np.inf
        for gap in _GAPS:
            for across, up in _DIRECTIONS:
                left = px + across * gap * pixel - width * (1 - across) / 2
                bottom = py + up * gap * pixel - height * (1 - up) / 2
                box = (left, bottom, left + width, bottom + height)
                if not _fits(box, frame, boxes) or _inside(box, points):
                    continue
                leader = _leader(box, px, py) if gap >= _LEADER_FROM else _NOTHING
                crossed = _inside(box, drawn)
                if crossed > most * width or any(_inside(other, leader) for other in boxes):
                    continue
                cost = gap / 20 + 0.1 * crossed
                if cost < best:
                    best, spot, place, line = cost, Spot(label, across, up, gap), box, leader
        if best < np.inf:
            spots.append(spot)
            boxes.append(place)
            drawn = np.concatenate([drawn, line])
    return spots


def write(ax: Axes, spots: Sequence[Spot], size: float) -> None:
    """Write labels, with letters of a size in points."""
    for label, across, up, gap in spots:
        ax.annotate(
            label.text,
            (label.x, label.y),
            xytext=(across * gap, up * gap),
            textcoords="offset points",
            ha=("center", "left", "right")[across],
            va=("center", "bottom", "top")[up],
            color=label.colour,
            fontsize=size,
            arrowprops=(
                {"arrowstyle": "-", "color": label.colour, "linewidth": 0.6}
                if gap >= _LEADER_FROM
                else None
            ),
        )


def _fits(box: Box, frame: Box, taken: Sequence[Box]) -> bool:
    """Tell whether a box lies within the frame and on no other box."""
    left, bottom, right, top = box
    if left < frame[0] or bottom < frame[1] or right > frame[2] or top > frame[3]:
        return False
    return not any(
        left < other[2] and right > other[0] and bottom < other[3] and top > other[1]
        for other in taken
    )


def _inside(box: Box, places: npt.NDArray[np.float64]) -> int:
    """Count the places in a box."""
    left, bottom, right, top = box
    x, y = places.T
    return int(((x > left) & (x < right) & (y > bottom) & (y < top)).sum())


def _leader(box: Box, x: float, y: float) -> npt.NDArray[np.float64]:
    """Give places along the line from a label to its point."""
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return np.linspace(middle, (x, y), 20)
