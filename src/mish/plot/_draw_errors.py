"""Errors in ulp over x, drawn with Matplotlib below the function itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mish._support.extras import needs
from mish.plot._curves import Curve
from mish.plot._draw import POINTS, STYLES, Theme, prepare, theme_of
from mish.plot._errors import INTERVAL, ErrorPicture, measure, span, steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_BINS = 250


def draw_errors(
    peers: Sequence[str] = (),
    dtype: str = "float32",
    order: int = 0,
    interval: tuple[float, float] = INTERVAL,
    figure: Figure | SubFigure | None = None,
    *,
    theme: str = "light",
) -> tuple[Axes, Axes]:
    """Draw how far results are from the exact value, in ulp, ours and others'.

    The upper panel shows the function; the lower one the largest error in each of 250 bins of x, of
    random numbers of the format, on a logarithmic scale, with this package's bound. Where a result
    is NaN or infinite and should not be, a triangle stands at the upper edge.

    Args:
        peers: whose errors beside ours, by the names that ``mish bench --list`` shows.
        dtype: the format: float16, bfloat16, float32 or float64.
        order: which derivative, from 0 to 3; with peers from 0 to 2.
        interval: the ends of the x axis, within the format.
        figure: the figure to draw on, empty and with a layout of its own; by default a new one of
            pyplot.
        theme: ``"light"``, ``"dark"``, or ``"print"`` in black and grey.

    Returns:
        The axes of the function and those of the errors.

    Raises:
        ModuleNotFoundError: Matplotlib, or what the format needs, is not installed.
        ValueError: an argument is not usable, or a peer cannot do it; the message says which.
    """
    colours = theme_of(theme)
    picture = measure(peers, dtype, order, interval, _BINS)
    if figure is None:
        with needs("plot", "mish.plot.draw_errors"):
            from matplotlib import pyplot

        figure = pyplot.figure(layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(1, 2))
    _draw_function(above, picture, colours)
    _draw_errors(below, picture, colours)
    below.set_xlim(*picture.interval)
    return above, below


def _draw_function(ax: Axes, picture: ErrorPicture, colours: Theme) -> None:
    prepare(ax, colours)
    ax.axhline(0, color=colours.faint, linewidth=0.8)
    curve = Curve("mish", picture.order)
    x = np.linspace(*picture.interval, POINTS)
    ax.plot(x, curve.at(x), color=colours.colours[0], linewidth=2)
    ax.set_xlabel("")
    ax.set_ylabel(curve.label, color=colours.ink)


def _draw_errors(ax: Axes, picture: ErrorPicture, colours: Theme) -> None:
    prepare(ax, colours)
    grey = colours == theme_of("print")  # lines are told apart by their dashes
    low, high = span(picture)
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    for number, curve in enumerate(picture.curves):
        colour = colours.colours[0 if curve.ours else 1 + number % (len(colours.colours) - 1)]
        line = "-" if curve.ours or not grey else STYLES[(1 + number) % len(STYLES)]
        width = 1.6 if curve.ours else 0.9
        x, y = steps(curve, low)
        ax.plot(x, y, label=curve.label, color=colour, linestyle=line, linewidth=width)
        special = x[np.isinf(curve.worst)]
        if len(special):
            ax.plot(
                special,
                np.full(len(special), high),
                linestyle="none",
                marker="v",
                markersize=5,
                color=colour,
                clip_on=False,
                label=f"{curve.label}: NaN or ∞",
            )
    ax.axhline(
        picture.bound,
        color=colours.ink,
        linewidth=1,
        linestyle=(0, (2, 2)),
        label=f"bound of mish, {picture.bound:g} ulp",
    )
    ax.set_ylabel(f"error in ulp, {picture.dtype}", color=colours.ink)
    ax.legend(
        loc="best",
        labelcolor=colours.ink,
        facecolor=colours.paper,
        edgecolor="none",
        framealpha=0.8,
        fontsize="small",
    )
