"""The roofline, and the curves of access patterns, with Matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mish.cost._count import Count
from mish.cost._measure import Machine, Time
from mish.cost._patterns import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette: colour-blind eyes tell its colours apart
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
_MARKERS = {"float16": "v", "bfloat16": "^", "float32": "o", "float64": "s"}
_STYLES = ("-", "--", ":")


def draw_roofline(
    machine: Machine,
    kernels: Sequence[tuple[Count, Time]],
    ax: Axes,
) -> Axes:
    """Draw floating-point speed against intensity: the machine's limits, and each kernel twice.

    A filled mark is a kernel in the cache, a hollow one on arrays in memory.
    """
    intensities = [count.intensity for count, _ in kernels]
    x = np.geomspace(min(intensities) / 3, max(intensities) * 4, 200)
    peak = machine.peak["float32"]
    for bandwidth, name, style in (
        (machine.cache_bandwidth, "L1 cache", ":"),
        (machine.memory_bandwidth, "memory", "-"),
    ):
        roof = np.minimum(peak, bandwidth * x)
        label = f"copy in {name}: {bandwidth / 1e9:.0f} GB/s"
        ax.plot(x, roof / 1e9, color="0.3", linestyle=style, label=label)
    double = machine.peak["float64"]
    ax.axhline(peak / 1e9, color="0.7", linewidth=0.8)
    ax.axhline(double / 1e9, color="0.7", linewidth=0.8)
    for height, text in ((peak, "float32"), (double, "float64")):
        place = (x[-1], height / 1e9 * 1.05)
        ax.text(*place, f"{text} matrix product", color="0.3", fontsize=8, ha="right")
    operations = list(dict.fromkeys(count.operation for count, _ in kernels))
    for count, time in kernels:
        colour = _COLOURS[operations.index(count.operation) % len(_COLOURS)]
        for seconds, face in ((time.cache, colour), (time.memory, "white")):
            ax.plot(
                count.intensity,
                count.flops / seconds / 1e9,
                marker=_MARKERS[count.dtype],
                color=colour,
                markerfacecolor=face,
                linestyle="none",
            )
    for operation, colour in zip(operations, _COLOURS, strict=False):
        ax.plot([], [], color=colour, linewidth=3, label=operation)
    for dtype in dict.fromkeys(count.dtype for count, _ in kernels):
        ax.plot([], [], marker=_MARKERS[dtype], color="0.3", linestyle="none", label=dtype)
    ax.plot(
        [],
        [],
        marker="o",
        color="0.3",
        markerfacecolor="white",
        linestyle="none",
        label="hollow: in memory",
    )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("floating-point operations a byte")
    ax.set_ylabel("10⁹ floating-point operations a second")
    ax.grid(alpha=0.25)
    ax.legend(fontsize=7, ncols=2, loc="lower right")
    return ax


def draw_patterns(curves: Sequence[Curve], figure: Figure, caches: Mapping[str, int]) -> None:
    """Draw each property of the arrays in a panel of its own."""
    properties = list(dict.fromkeys(curve.property for curve in curves))
    panels = figure.subplots(1, len(properties), squeeze=False)[0]
    for ax, what in zip(panels, properties, strict=True):
        together = [curve for curve in curves if curve.property == what]
        for i, curve in enumerate(together):
            x, y = zip(*curve.points, strict=True)
            ax.plot(x, y, _STYLES[i % 3], marker=".", color=_COLOURS[i], label=curve.name)
        if what == "elements":
            _draw_caches(ax, caches)
        if "offset" not in what:
            ax.set_xscale("log", base=2)
            ax.set_yscale("log", subs=())
            low, high = ax.get_ylim()
            ticks = [10**e * m for e in range(-2, 3) for m in (1, 1.5, 2, 3, 5, 7)]
            ax.set_yticks([tick for tick in ticks if low <= tick <= high])
            ax.yaxis.set_major_formatter("{x:g}")
        else:
            ax.set_ylim(bottom=0)
        ax.set_xlabel(what)
        ax.grid(alpha=0.25)
        ax.legend(fontsize=8)
    panels[0].set_ylabel("ns an element")


def _draw_caches(ax: Axes, caches: Mapping[str, int]) -> None:
    for name, size in caches.items():
        elements = size / 8  # input and output of 4 bytes each
        ax.axvline(elements, color="0.7", linewidth=0.8)
        ax.text(elements, ax.get_ylim()[1], f" {name}", fontsize=7, color="0.4", va="top")
