"""Errors in ulp over x for a terminal, in braille."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mish._support.extras import needs
from mish.plot._errors import INTERVAL, measure, span, steps
from mish.plot._terminal import BLANK, COLOURS, check_size, dots, ticks

if TYPE_CHECKING:
    from rich.text import Text

_MARGIN = 8


def draw_errors_text(
    peers: Sequence[str] = (),
    dtype: str = "float32",
    order: int = 0,
    interval: tuple[float, float] = INTERVAL,
    *,
    size: tuple[int, int] = (80, 24),
) -> Text:
    """Draw errors for a terminal, as ``draw_errors`` does with Matplotlib, without the function.

    Where a result is NaN or infinite and should not be, ▲ stands in the first line.

    Args:
        peers: whose errors beside ours.
        dtype: the format.
        order: which derivative.
        interval: the ends of the x axis.
        size: columns and lines; the legend below comes on top.

    Returns:
        The picture with colours, for ``rich``; ``str()`` of it is plain.

    Raises:
        ModuleNotFoundError: rich (the ``cli`` extra), or what the format needs, is not installed.
        ValueError: an argument is not usable, or a peer cannot do it.
    """
    with needs("cli", "mish.plot.draw_errors_text"):
        from rich.text import Text

    check_size(size)
    columns, rows = size[0] - _MARGIN, size[1] - 2
    picture = measure(peers, dtype, order, interval, 2 * columns)
    low, high = map(math.log10, span(picture))

    def row(power: float) -> int:
        return min(int((high - power) / (high - low) * rows), rows - 1)

    signs = np.full((rows, columns), " ")
    owner = np.full((rows, columns), -1)
    signs[row(math.log10(picture.bound))] = "╌"
    drawn = np.zeros((rows, columns), int)
    for number, curve in enumerate(picture.curves):
        x, y = steps(curve, 10**low)
        found = dots(x, np.log10(y), interval, (low, high), (rows, columns))
        drawn |= found
        owner[found > 0] = number
    signs[drawn > 0] = [chr(BLANK + bits) for bits in drawn[drawn > 0]]
    for number, curve in enumerate(picture.curves):
        special = np.flatnonzero(np.isinf(curve.worst)) // 2
        signs[0, special], owner[0, special] = "▲", number
    text = Text(no_wrap=True)
    step = max(1, math.ceil((high - low) / (rows / 2)))
    names = {row(power): f"1e{power}" for power in range(int(low), int(high) + 1, step)}
    for line in range(rows):
        text.append(f"{names.get(line, ''):>{_MARGIN - 1}} ", "dim")
        for sign, index in zip(signs[line], owner[line], strict=True):
            text.append(sign, COLOURS[index % len(COLOURS)] if index >= 0 else "dim")
        text.append("\n")
    text.append(" " * _MARGIN + ticks(*interval, columns) + "\n", "dim")
    for number, curve in enumerate(picture.curves):
        text.append(f"  ━━ {curve.label}", COLOURS[number % len(COLOURS)])
    text.append(f"  ╌ bound of mish, {picture.bound:g} ulp ({dtype})", "dim")
    return text
