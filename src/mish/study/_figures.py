"""Figures of a study: means by setting, and differences with their intervals.

A figure is an SVG whose colours are properties of the document around it, so that one figure does
for light and dark pages. Matplotlib knows colours as numbers only: each is drawn in the number that
it has on a light page, which is then replaced by its name.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mish._support.extras import needs
from mish.study import _words as words
from mish.study._cells import Measure, Study
from mish.study._frame import plain

with needs("study", "mish.study"):
    import matplotlib as mpl
    import pandas as pd
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# After Okabe and Ito's palette, which colour-blind eyes tell apart, with at least the contrast that
# lines need on their paper, 3 to 1. Markers tell the same in grey.
_LIGHT_CURVES = (
    *("#0072b2", "#d55e00", "#00805c", "#b8508c"),
    *("#8a6d00", "#5b4db2", "#3a3f47", "#2e8bb5"),
)
_DARK_CURVES = (
    *("#56b4e9", "#f08040", "#2fc79a", "#e58fc0"),
    *("#f0e442", "#a99cf5", "#d5dae2", "#8fd8ff"),
)
_MARKERS = "os^DvXP*"

LIGHT = {
    "figure-paper": "#ffffff",
    "figure-ink": "#15181d",
    "figure-soft": "#4d5563",
    "figure-line": "#c9ced6",
    "figure-band": "#dcebe5",
    **{f"curve-{i}": colour for i, colour in enumerate(_LIGHT_CURVES)},
    "better": "#0a6cb0",
    "worse": "#b34700",
    "same": "#007a58",
    "unknown": "#6b7380",
}
DARK = {
    "figure-paper": "#1f232a",
    "figure-ink": "#e8eaee",
    "figure-soft": "#a9b1bd",
    "figure-line": "#454c58",
    "figure-band": "#24403a",
    **{f"curve-{i}": colour for i, colour in enumerate(_DARK_CURVES)},
    "better": "#6cbcf0",
    "worse": "#f59055",
    "same": "#3fd0a4",
    "unknown": "#a0a8b4",
}

_WORD_STYLES = {
    "better": ("better", "^", "full"),
    "worse": ("worse", "v", "full"),
    "the same": ("same", "s", "full"),
    "not known": ("unknown", "o", "none"),
}
_WIDTH = 4.6  # inches, of a panel


@dataclass(frozen=True)
class Drawing:
    """A figure: its SVG, and the words that stand for it."""

    svg: str
    words: str


@dataclass(frozen=True)
class Panel:
    """A part of a figure: what it is of, and its rows."""

    title: str
    rows: pd.DataFrame


def properties(colours: Mapping[str, str]) -> str:
    """Write colours as properties of a style sheet."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def setting_along(rows: pd.DataFrame, settings: Sequence[str]) -> str | None:
    """Choose the setting along the axis: a number if one varies, the one with most values."""
    counts = {name: rows[name].nunique() for name in settings}
    if not counts:
        return None
    return max(settings, key=lambda name: (_numeric(rows[name]) and counts[name] > 1, counts[name]))


def panels_by(rows: pd.DataFrame, settings: Sequence[str]) -> list[Panel]:
    """Part rows into panels, one for each combination of those settings that vary."""
    varied = [name for name in settings if rows[name].nunique() > 1]
    if not varied:
        return [Panel("", rows)]
    return [
        Panel(words.setting(dict(zip(varied, map(plain, key), strict=True))), part)
        for key, part in rows.groupby(varied, sort=False)
    ]


def draw_means(
    panels: Sequence[Panel], measure: Measure, along: str | None, order: Sequence[str], name: str
) -> Drawing:
    """Draw means with their 95 % intervals over a setting, a curve for each activation.

    Args:
        panels: what to draw.
        measure: of which the means are.
        along: the setting along the axis.
        order: the activations, which gives each its colour; the first is drawn thick.
        name: of the figure, for identifiers that no other figure has.
    """

    def draw(ax: Axes, rows: pd.DataFrame) -> None:
        _draw_curves(ax, rows, along, order)
        ax.set_ylabel(words.axis(measure))

    text = f"{words.axis(measure)} over {along or 'activations'}: {_titles(panels)}"
    return Drawing(_figure(panels, draw, 3.4, name, legend=True), text)


def draw_forest(panels: Sequence[Panel], study: Study, measure: Measure, name: str) -> Drawing:
    """Draw the differences to other activations with 95 % intervals, and the band of ±δ."""

    def draw(ax: Axes, rows: pd.DataFrame) -> None:
        _draw_differences(ax, rows, measure)
        unit = words.difference_unit(measure)
        ahead = "right" if measure.better == "higher" else "left"
        ax.set_xlabel(f"{study.baseline} − other{f', {unit}' if unit else ''} ({ahead}: better)")

    rows = max(len(each.rows) for each in panels)
    text = f"{study.baseline} − other, {words.axis(measure)}: {_titles(panels)}"
    return Drawing(_figure(panels, draw, 0.9 + 0.27 * rows, name, legend=False), text)


def alone(svg: str) -> str:
    """Make a figure that stands in no page: it brings the colours of both themes."""
    style = (
        f"<style>:root{{{properties(LIGHT)}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{properties(DARK)}}}}}</style>"
    )
    return re.sub(r"(<svg[^>]*>)", lambda found: found[1] + style, svg, count=1)


def _numeric(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _titles(panels: Sequence[Panel]) -> str:
    return "; ".join(each.title for each in panels if each.title) or "all runs"


def _draw_curves(ax: Axes, rows: pd.DataFrame, along: str | None, order: Sequence[str]) -> None:
    values: list[Any] = list(dict.fromkeys(rows[along])) if along else [""]
    joined = along is not None and _numeric(rows[along])
    if joined:
        values.sort()
    for i, name in enumerate(order):
        mine = rows[rows["activation"] == name]
        if along:
            mine = mine.set_index(along).reindex(values).reset_index()
        # so that intervals do not hide one another, and curves keep their places
        aside = (0.2 if joined else 0.7) * ((i + 0.5) / len(order) - 0.5)
        low, mean, high = (mine[each].to_numpy(float) for each in ("low", "mean", "high"))
        ax.errorbar(
            np.arange(len(mine)) + aside,
            mean,
            yerr=np.nan_to_num([mean - low, high - mean]),
            label=name,
            color=_LIGHT_CURVES[i % len(_LIGHT_CURVES)],
            marker=_MARKERS[i % len(_MARKERS)],
            linestyle="-" if joined else "none",
            linewidth=2 if i == 0 else 0.8,
            elinewidth=1.2,
            markersize=5 if i == 0 else 3.5,
            zorder=3 if i == 0 else 2,
        )
    ax.set_xticks(range(len(values)), [words.setting({"": each}).strip() for each in values])
    ax.set_xlim(-0.5, len(values) - 0.5)
    if along:
        ax.set_xlabel(along.replace("_", " "))
    lowest, highest = rows["mean"].min(), rows["mean"].max()
    if lowest > 0 and highest / lowest > 100:
        ax.set_yscale("log")


def _draw_differences(ax: Axes, rows: pd.DataFrame, measure: Measure) -> None:
    ax.axvspan(-measure.margin, measure.margin, color=LIGHT["figure-band"], linewidth=0, zorder=0)
    ax.axvline(0, color=LIGHT["figure-line"], linewidth=1, zorder=1)
    names = []
    for i, row in enumerate(rows.to_dict("records")):
        colour, marker, fill = _WORD_STYLES[words.group(row["word"])]
        low, high = (
            row["difference"] if math.isnan(row[end]) else row[end] for end in ("low", "high")
        )
        ax.plot([low, high], [i, i], color=LIGHT[colour], linewidth=2, zorder=2)
        ax.plot(
            [row["difference"]],
            [i],
            color=LIGHT[colour],
            marker=marker,
            markersize=6.5,
            markerfacecolor=LIGHT[colour] if fill == "full" else LIGHT["figure-paper"],
            zorder=3,
        )
        lost = row["diverged_baseline"] + row["diverged_other"]
        names.append(f"{row['other']}\n{lost} diverged" if lost else row["other"])
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_yticks(range(len(rows)), names)
    ax.set_ylim(len(rows) - 0.5, -0.5)


def _figure(
    panels: Sequence[Panel],
    draw: Callable[[Axes, pd.DataFrame], None],
    height: float,
    name: str,
    *,
    legend: bool,
) -> str:
    """Draw panels below one another in two columns, a single one alone."""
    columns = min(2, len(panels))
    lines = math.ceil(len(panels) / columns)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10}):
        figure = Figure(
            figsize=(_WIDTH * columns, height * lines),
            layout="constrained",
            facecolor=LIGHT["figure-paper"],
        )
        axes = figure.subplots(lines, columns, squeeze=False).flat
        for ax, panel in zip(axes, panels, strict=False):
            draw(ax, panel.rows)
            _dress(ax, panel.title)
        for ax in list(axes)[len(panels) :]:
            ax.set_axis_off()
        if legend:
            figure.legend(
                *figure.axes[0].get_legend_handles_labels(),
                loc="outside lower center",
                ncols=4,
                frameon=False,
                labelcolor=LIGHT["figure-ink"],
                fontsize="small",
                columnspacing=1.0,
                handlelength=1.6,
            )
        content = io.StringIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return _embeddable(content.getvalue(), name)


def _dress(ax: Axes, title: str) -> None:
    ax.set_title(title, loc="left", fontsize="medium", color=LIGHT["figure-ink"])
    ax.set_facecolor("none")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(LIGHT["figure-line"])
    ax.tick_params(color=LIGHT["figure-line"], labelcolor=LIGHT["figure-soft"], which="both")
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_color(LIGHT["figure-soft"])


def _embeddable(svg: str, name: str) -> str:
    """Make an SVG of Matplotlib part of a page: colours by name, and identifiers of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"(<metadata>.*?</metadata>|<!--.*?-->)\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: 'DejaVu Sans'", "font-family: 'DejaVu Sans', sans-serif")
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda f: f' id="{name}-{f[1]}"' if f[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    named = {colour: name for name, colour in LIGHT.items()}
    return re.sub(
        r"#[0-9a-f]{6}\b",
        lambda found: f"var(--{named[found[0]]},{found[0]})" if found[0] in named else found[0],
        svg,
    )
