"""Pictures of results, with Matplotlib (the ``plot`` extra)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mish._measure.peers import COPY, MISH, PEERS
from mish._support.extras import needs
from mish.bench.full_run import CURVE, SIZE
from mish.bench.report import digits
from mish.bench.results import Case, Results, Row, elements

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Panel: TypeAlias = "Callable[[Axes], object]"

# Okabe and Ito's palette, which colour-blind eyes tell apart, then the darker of Tol's "muted" one.
# Each peer has a colour of its own, the same in every picture; ours are all blue and differ by
# their lines. Markers tell the same in grey.
_OURS, _PEERS, _COPY = "#0072B2", "#E69F00", "#999999"
_COLOURS = (
    *("#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#332288"),
    *("#999933", "#882255", "#44AA99", "#117733", "#AA4499", "#DDCC77"),
)
_MARKERS = "osv^Dx*P<>ph8"
_OUR_LINES = (
    *("-", "--", ":", "-."),
    *((0, (5, 1)), (0, (1, 3)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (8, 2, 1, 2))),
)


def bars(case: Case, ax: Axes) -> Axes:
    """Draw the time of each peer, shortest on top, with its ratio to ours.

    Args:
        case: what to draw; it has a row.
        ax: the axes to draw on.
    """
    rows = case.rows[::-1]
    times = [row.seconds / case.size * 1e9 for row in rows]
    spreads = [row.spread / case.size * 1e9 for row in rows]
    drawn = ax.barh(
        [case.label(row) for row in rows], times, xerr=spreads, color=[*map(_colour, rows)]
    )
    texts = [
        f"{digits(time)} ns" + ("" if row.peer == MISH else f", {digits(row.ratio)} ×")
        for row, time in zip(rows, times, strict=True)
    ]
    ax.bar_label(drawn, texts, padding=4, fontsize="small")
    ends = [time + spread for time, spread in zip(times, spreads, strict=True)]
    ax.set_xlim(0, max(ends) * 1.25)
    ax.set_xlabel("nanoseconds an element, and times as long as mish")
    ax.set_title(case.title, loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    for text, row in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_fontweight("bold" if row.ours else "normal")
    return ax


def curve(cases: Sequence[Case], caches: dict[str, int], ax: Axes) -> Axes:
    """Draw time an element over the number of elements, one line a peer.

    Args:
        cases: the same operation at several sizes.
        caches: sizes in bytes by level; a line shows where two arrays no longer fit, if that is
            among the sizes.
        ax: the axes to draw on.
    """
    ordered = sorted(cases, key=lambda case: case.size)
    ends = []
    ours = {row.peer for case in cases for row in case.rows if row.ours}
    for peer, label in _peers(ordered).items():
        points = [
            (case.size, row.seconds / case.size * 1e9)
            for case in ordered
            for row in case.rows
            if row.peer == peer
        ]
        style = _style(peer, peer in ours)
        ax.plot(*zip(*points, strict=True), markersize=4, **style)
        ends.append((points[-1][1], label, style["color"]))
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    _label_ends(ax, ends, ordered[-1].size)
    for level, size in caches.items():
        place = size / (2 * _ITEM[ordered[0].dtype])
        if not ordered[0].size <= place <= ordered[-1].size:
            continue
        ax.axvline(place, color="0.7", linewidth=0.8, linestyle=":")
        ax.annotate(
            f"{level} full",
            (place, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -12),
            textcoords="offset points",
            fontsize="small",
            color="0.4",
        )
    first = ordered[0]
    ax.set_title(first.title.replace(f"{elements(first.size)}, ", ""), loc="left")
    ax.set_xlabel("elements")
    ax.set_ylabel("nanoseconds an element")
    ax.grid(alpha=0.25)
    return ax


def save(path: Path, panels: Sequence[Panel], heights: Sequence[float]) -> None:
    """Write a picture of panels one above the other, whole or not at all.

    Args:
        path: a file whose name ends in .png or .svg.
        panels: each gets axes to draw on.
        heights: of the panels, in inches.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed.
        OSError: the file cannot be written.
    """
    with needs("plot", "drawing results"):
        from matplotlib.figure import Figure

    from mish._support.files import replacing

    figure = Figure(figsize=(10, sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), squeeze=False, height_ratios=heights).flat
    for panel, ax in zip(panels, axes, strict=True):
        panel(ax)
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix.lower().removeprefix("."), dpi=120)


def save_full(results: Results, folder: Path, name: str) -> None:
    """Write both pictures of a full run, NAME-bars.png and NAME-curve.png.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed.
        OSError: a file cannot be written.
    """
    forward = [
        case
        for case in results.cases
        if (case.op, case.dtype, case.threads) == ("forward", "float32", 1)
        if (case.sigma, case.result) == (1, "given")
    ]
    bar = [case for case in forward if case.size == SIZE]
    lines = [case for case in forward if case.size in CURVE]
    draw(dataclasses.replace(results, cases=bar), folder / f"{name}-bars.png")
    draw(dataclasses.replace(results, cases=lines), folder / f"{name}-curve.png")


def draw(results: Results, path: Path) -> None:
    """Write the picture that suits the cases: curves if there are several sizes, else bars.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed.
        OSError: the file cannot be written.
    """
    groups: dict[tuple[str, str, int, float], list[Case]] = {}
    for case in results.cases:
        groups.setdefault((case.op, case.dtype, case.threads, case.sigma), []).append(case)
    if any(len(cases) > 1 for cases in groups.values()):
        caches = results.machine["caches"]
        panels = [functools.partial(curve, cases, caches) for cases in groups.values()]
        save(path, panels, [6.5] * len(panels))
    else:
        heights = [1.2 + 0.26 * len(case.rows) for case in results.cases]
        save(path, [functools.partial(bars, case) for case in results.cases], heights)


_ITEM = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}


def _peers(cases: Sequence[Case]) -> dict[str, str]:
    """Names and labels, slowest at the largest size first."""
    return {row.peer: row.label for case in reversed(cases) for row in reversed(case.rows)}


def _colour(row: Row) -> str:
    return _OURS if row.ours else _COPY if row.peer == COPY else _PEERS


def _style(peer: str, ours: bool) -> dict[str, Any]:
    if peer == MISH:
        return {"color": _OURS, "linewidth": 3, "marker": "o", "zorder": 5}
    if peer == COPY:
        return {"color": _COPY, "linewidth": 2, "linestyle": "--"}
    alike = [each.name for each in PEERS if each.ours == ours and each.name != COPY]
    number = [*alike, peer].index(peer)  # a results file may have a peer that is no more
    marker = _MARKERS[number % len(_MARKERS)]
    if ours:
        line = _OUR_LINES[number % len(_OUR_LINES)]
        return {"color": _OURS, "linewidth": 1.2, "linestyle": line, "marker": marker}
    return {"color": _COLOURS[number % len(_COLOURS)], "linewidth": 1.2, "marker": marker}


def _label_ends(ax: Axes, ends: Sequence[tuple[float, str, str]], x: float) -> None:
    """Write each label beside the end of its line, moved so that none hides another."""
    low, high = ax.get_ylim()
    ordered = sorted(ends)
    gap = (high / low) ** 0.036
    places: list[float] = []
    for value, _, _ in ordered:
        places.append(max(value, places[-1] * gap) if places else value)
    ceiling = high
    for i in reversed(range(len(places))):  # back down what stands above the panel
        places[i] = min(places[i], ceiling)
        ceiling = places[i] / gap
    for (value, label, colour), place in zip(ordered, places, strict=True):
        ax.annotate(
            label,
            (x, value),
            xytext=(1.04, place),
            textcoords=("axes fraction", "data"),
            va="center",
            fontsize="small",
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "relpos": (0, 0.5)},
        )
