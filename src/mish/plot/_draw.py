"""Drawing with Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mish._support.extras import needs
from mish.plot._curves import MARKS, Curve, curves, marks
from mish.plot._labels import Label, Spot, find_spots, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 1201
_LETTERS = 8  # points; of labels


class Theme(NamedTuple):
    """Colours: of curves, and of what is around them."""

    colours: tuple[str, ...]
    paper: str
    ink: str
    faint: str


# Okabe and Ito's palette, which colour-blind eyes tell apart, the darker half of it on white. Line
# styles tell curves apart as well, so a print in grey can be read.
_THEMES = {
    "light": Theme(
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"),
        "white",
        "black",
        "0.6",
    ),
    "dark": Theme(
        ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00"),
        "#16181D",
        "#E6E6E6",
        "0.45",
    ),
    "print": Theme(("black", "0.35", "0.55"), "white", "black", "0.7"),
}
THEMES = tuple(_THEMES)

STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)))
_SHAPES = {"extrema": "o", "zeros": "s", "inflections": "D"}
_SINGULAR = {"extrema": "extremum", "zeros": "zero", "inflections": "inflection"}


def draw(
    orders: Sequence[int] = (0, 1),
    interval: tuple[float, float] = (-6.0, 4.0),
    ax: Axes | None = None,
    *,
    against: Sequence[str] = (),
    marks: Sequence[str] = MARKS,
    theme: str = "light",
) -> Axes:
    """Draw Mish and its derivatives, with their zeros, extrema and inflections.

    Args:
        orders: which to draw: 0 is the function, 1 its first derivative, and so on.
        interval: the ends of the x axis, finite and increasing.
        ax: the axes to draw on; by default those of a new pyplot figure.
        against: other activations to draw as well, by their names in ``mish.facts.ACTIVATIONS``.
        marks: which points to mark, some of ``"extrema"``, ``"zeros"`` and ``"inflections"``.
            Their places are the certified ones of ``mish.facts``. Labels give the coordinates of
            those of Mish (of a zero, the place), as far as they fit; how many do not is written
            above the axes, on the right.
        theme: ``"light"``, ``"dark"``, or ``"print"`` in black and grey.

    Returns:
        The axes that were drawn on.

    Raises:
        ModuleNotFoundError: Matplotlib, or for marks or other activations python-flint, is not
            installed (the ``plot`` extra has both).
        ValueError: an argument is not usable.
    """
    chosen = curves(orders, against, interval)
    colours = theme_of(theme)
    points = {curve: _marks(curve, marks, interval) for curve in chosen}
    if ax is None:
        with needs("plot", "mish.plot.draw"):
            from matplotlib import pyplot

        ax = pyplot.subplots(layout="constrained")[1]
    prepare(ax, colours)
    ax.axhline(0, color=colours.faint, linewidth=0.8)
    styles = _styles(chosen, colours)
    x = np.linspace(*interval, POINTS)
    lines = []
    for curve in chosen:
        y = curve.at(x)
        ax.plot(x, y, label=curve.label, linewidth=2, **styles[curve])
        lines.append(np.column_stack([x, y])[np.isfinite(y)])
        for mark in points[curve]:
            _draw_mark(ax, mark.kind, mark.x, mark.y, styles[curve]["color"], colours)
    ax.set_xlim(*interval)
    ax.margins(y=0.15)
    _draw_legend(ax, sorted({m.kind for found in points.values() for m in found}), colours)
    labels = [
        Label(mark.text, mark.x, mark.y, styles[curve]["color"])
        for kind in MARKS
        for curve in chosen
        if curve.activation == "mish"
        for mark in points[curve]
        if mark.kind == kind
    ]
    if labels:
        spots = _spots(ax, labels, lines)
        ax.set_autoscale_on(False)
        if len(spots) < len(labels):
            _draw_note(ax, len(labels) - len(spots), colours)
            spots = _spots(ax, labels, lines)  # once more: the note takes room
            _draw_note(ax, len(labels) - len(spots), colours)
        write(ax, spots, _LETTERS)
    return ax


_marks = marks


def theme_of(name: str) -> Theme:
    """Look a theme up.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _THEMES:
        raise ValueError(f"theme must be one of {', '.join(_THEMES)}, not {name!r}")
    return _THEMES[name]


def prepare(ax: Axes, colours: Theme) -> None:
    """Draw what lies behind the curves: paper, grid, the line x = 0."""
    ax.set_facecolor(colours.paper)
    ax.figure.set_facecolor(colours.paper)
    ax.axvline(0, color=colours.faint, linewidth=0.8)
    ax.grid(color=colours.faint, alpha=0.25)
    ax.tick_params(colors=colours.ink)
    for spine in ax.spines.values():
        spine.set_color(colours.faint)
    ax.set_xlabel("x", color=colours.ink)


def _styles(chosen: Sequence[Curve], colours: Theme) -> dict[Curve, dict[str, Any]]:
    """Give each activation a colour and each order a line; alone, Mish's orders get both."""
    names = list(dict.fromkeys(curve.activation for curve in chosen))
    orders = list(dict.fromkeys(curve.order for curve in chosen))
    found: dict[Curve, dict[str, Any]] = {}
    for i, curve in enumerate(chosen):
        name, order = names.index(curve.activation), orders.index(curve.order)
        colour = order if len(names) == 1 else name
        line = i if len(orders) == 1 else order
        found[curve] = {
            "color": colours.colours[colour % len(colours.colours)],
            "linestyle": STYLES[line % len(STYLES)],
        }
    return found


def _draw_mark(ax: Axes, kind: str, x: float, y: float, colour: str, colours: Theme) -> None:
    ax.plot(
        x,
        y,
        marker=_SHAPES[kind],
        color=colour,
        markerfacecolor=colour if kind == "extrema" else colours.paper,
        markersize=6 if kind == "extrema" else 5,
        linestyle="none",
        zorder=3,
    )


def _spots(ax: Axes, labels: Sequence[Label], lines: Sequence[Any]) -> list[Spot]:
    """Lay the figure out and find places for the labels; one may be missing for want of room."""
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    legend = ax.get_legend()
    taken = [] if legend is None else [legend.get_window_extent().extents]
    return find_spots(ax, labels, lines, _LETTERS, taken)


def _draw_note(ax: Axes, missing: int, colours: Theme) -> None:
    text = f"{missing} mark{'s' if missing > 1 else ''} without a label"
    ax.set_title(text, loc="right", fontsize=_LETTERS, color=colours.ink)


def _draw_legend(ax: Axes, kinds: Sequence[str], colours: Theme) -> None:
    for kind in kinds:
        ax.plot(
            [],
            [],
            marker=_SHAPES[kind],
            color=colours.ink,
            markerfacecolor=colours.ink if kind == "extrema" else colours.paper,
            markersize=5,
            linestyle="none",
            label=_SINGULAR[kind],
        )
    ax.legend(
        loc="best",
        labelcolor=colours.ink,
        frameon=True,
        facecolor=colours.paper,
        edgecolor="none",
        framealpha=0.8,
        fontsize="small",
    )
