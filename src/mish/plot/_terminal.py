"""Drawing with braille patterns, which divide a character into 2 by 4 dots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mish._support.extras import needs
from mish.plot._curves import MARKS, curves, marks

if TYPE_CHECKING:
    from rich.text import Text

BLANK = 0x2800
# the bit of each dot, by row and column
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
COLOURS = ("bright_blue", "bright_yellow", "green", "magenta", "cyan", "red")
_SIGNS = {"extrema": "●", "zeros": "□", "inflections": "◇"}
_SINGULAR = {"extrema": "extremum", "zeros": "zero", "inflections": "inflection"}
_MARGIN = 8  # columns for the labels of the y axis, at least
_MOST = 1000  # columns or lines


def draw_text(
    orders: Sequence[int] = (0, 1),
    interval: tuple[float, float] = (-6.0, 4.0),
    *,
    against: Sequence[str] = (),
    marks: Sequence[str] = MARKS,
    size: tuple[int, int] = (80, 24),
) -> Text:
    """Draw curves for a terminal, as ``draw`` does with Matplotlib.

    Args:
        orders: which derivatives.
        interval: the ends of the x axis.
        against: other activations.
        marks: which points to mark.
        size: columns and lines; the legend below comes on top.

    Returns:
        The picture with colours, for ``rich``; ``str()`` of it is plain.

    Raises:
        ModuleNotFoundError: rich (the ``cli`` extra), or for marks or other activations
            python-flint (the ``plot`` extra) is not installed.
        ValueError: an argument is not usable.
    """
    with needs("cli", "mish.plot.draw_text"):
        from rich.text import Text

    chosen = curves(orders, against, interval)
    check_size(size)
    low, high = interval
    x = np.linspace(low, high, 8 * size[0])
    heights = [curve.at(x) for curve in chosen]
    bottom, top = min(map(np.nanmin, heights)), max(map(np.nanmax, heights))
    rest = 0.05 * (top - bottom) or 1.0
    bottom, top = bottom - rest, top + rest
    names = {y: f"{y:.12g}" for y in _round(bottom, top)}
    margin = max(_MARGIN, 1 + max(map(len, names.values())))
    columns, rows = size[0] - margin, size[1] - 2

    def cell(at: float, y: float) -> tuple[int, int]:
        across, up = (at - low) / (high - low), (y - bottom) / (top - bottom)
        return min(int((1 - up) * rows), rows - 1), min(int(across * columns), columns - 1)

    signs = np.full((rows, columns), " ")
    owner = np.full((rows, columns), -1)
    _draw_axes(signs, cell(0, 0) if bottom < 0 < top else None, low < 0 < high)
    drawn = np.zeros((rows, columns), int)
    for i, y in enumerate(heights):
        found = dots(x, y, (low, high), (bottom, top), (rows, columns))
        drawn |= found
        owner[found > 0] = i
    signs[drawn > 0] = [chr(BLANK + bits) for bits in drawn[drawn > 0]]
    kinds = []
    for i, curve in enumerate(chosen):
        for mark in _marks(curve, marks, interval):
            place = cell(mark.x, mark.y)
            signs[place], owner[place] = _SIGNS[mark.kind], i
            kinds.append(mark.kind)
    text = Text(no_wrap=True)
    names_at = {cell(low, y)[0]: f"{name:>{margin - 1}} " for y, name in names.items()}
    for row in range(rows):
        text.append(names_at.get(row, " " * margin), "dim")
        for sign, curve_number in zip(signs[row], owner[row], strict=True):
            style = COLOURS[curve_number % len(COLOURS)] if curve_number >= 0 else "dim"
            text.append(sign, style)
        text.append("\n")
    text.append(" " * margin + ticks(low, high, columns) + "\n", "dim")
    for i, curve in enumerate(chosen):
        text.append(f"  ━━ {curve.label}", COLOURS[i % len(COLOURS)])
    for kind in dict.fromkeys(kinds):
        text.append(f"  {_SIGNS[kind]} {_SINGULAR[kind]}", "dim")
    return text


_marks = marks


def check_size(size: tuple[int, int]) -> None:
    """See that a picture has room, and is no larger than any terminal.

    Raises:
        ValueError: it has not, or it is.
    """
    if not (28 <= size[0] <= _MOST and 7 <= size[1] <= _MOST):
        raise ValueError(
            f"size must be from 28 columns and 7 lines to {_MOST} of each, not {size[0]} and "
            f"{size[1]}"
        )


def dots(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    x_ends: tuple[float, float],
    y_ends: tuple[float, float],
    shape: tuple[int, int],
) -> npt.NDArray[np.int64]:
    """Give the braille bits of each cell that a curve passes through."""
    rows, columns = shape
    known = np.isfinite(y)
    across = (x[known] - x_ends[0]) / (x_ends[1] - x_ends[0]) * (2 * columns)
    down = (y_ends[1] - y[known]) / (y_ends[1] - y_ends[0]) * (4 * rows)
    column = np.clip(across.astype(int), 0, 2 * columns - 1)
    row = np.clip(down.astype(int), 0, 4 * rows - 1)
    found = np.zeros(shape, int)
    np.bitwise_or.at(found, (row // 4, column // 2), _BITS[row % 4, column % 2])
    return found


def _draw_axes(signs: npt.NDArray[np.str_], origin: tuple[int, int] | None, upright: bool) -> None:
    if origin is not None:
        signs[origin[0], :] = "╌"
    if upright and origin is not None:
        signs[:, origin[1]] = "╎"


def _round(low: float, high: float) -> list[float]:
    """List round numbers in an interval, at most eight."""
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(each for each in (1, 2, 5, 10) if (high - low) / (step * each) <= 8)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def ticks(low: float, high: float, columns: int) -> str:
    """Write the numbers below the x axis."""
    line = [" "] * columns
    for number in _round(low, high):
        text = f"{number:.12g}"
        at = int((number - low) / (high - low) * columns) - len(text) // 2
        at = min(max(at, 0), columns - len(text))
        if all(sign == " " for sign in line[max(at - 1, 0) : at + len(text) + 1]):
            line[at : at + len(text)] = text
    return "".join(line)
