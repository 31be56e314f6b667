"""Mish over the complex plane: the colour is the argument of its value, the shade its size.

T = e(e + 2)/(e² + 2e + 2) with e = exp(z) is a rational function of e, so all is known exactly. The
denominator is 0 where e = −1 ± i: mish has poles at ln √2 ± 3πi/4 + 2πik, for every whole k. The
numerator is 0 where e = −2: zeros at ln 2 + πi + 2πik; another is at z = 0, from the factor z.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mish._support.extras import needs
from mish.plot._draw import prepare, theme_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Complex = npt.NDArray[np.complex128]
Window = tuple[float, float]

_PIXELS = 700  # along each side
_LARGEST = 200.0  # beyond, there is nothing to be told apart
_POLE, _ZERO = "x", "o"


def mish_complex(z: Complex) -> Complex:
    """Mish at complex numbers; NaN at a pole. Made for pictures: its error is some 1e-15 of |z|."""
    right = z.real > 0
    small = np.exp(np.where(right, -z, z))  # at most 1 in size
    above = np.where(right, 1 + 2 * small, small * (small + 2))
    below = np.where(right, 1 + 2 * small + 2 * small**2, small**2 + 2 * small + 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Complex = z * (above / below)
    return found


def poles(real: Window, imaginary: Window) -> list[complex]:
    """The poles in a rectangle, from below."""
    place = math.log(2) / 2
    found = [
        complex(place, sign * 0.75 * math.pi + 2 * math.pi * k)
        for k in _turns(imaginary)
        for sign in (-1, 1)
    ]
    return _within(found, real, imaginary)


def zeros(real: Window, imaginary: Window) -> list[complex]:
    """The zeros in a rectangle, from below."""
    found = [complex(math.log(2), math.pi * (2 * k + 1)) for k in _turns(imaginary)]
    return _within([0j, *found], real, imaginary)


def draw_complex(
    real: Window = (-8.0, 8.0),
    imaginary: Window = (-8.0, 8.0),
    ax: Axes | None = None,
    *,
    theme: str = "light",
) -> Axes:
    """Colour the plane by the values of Mish, with its poles and zeros marked.

    The hue is the argument: red where the value is positive, cyan where it is negative. The shade
    grows with the size and begins anew at every power of two, so the rings crowd around poles
    (crosses) and zeros (circles).

    Args:
        real: the ends of the real axis, finite, increasing, within ±200.
        imaginary: the ends of the imaginary axis, likewise.
        ax: the axes to draw on; by default those of a new pyplot figure.
        theme: ``"light"``, ``"dark"``, or ``"print"``, of the paper and the letters.

    Returns:
        The axes that were drawn on.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed (the ``plot`` extra).
        ValueError: an argument is not usable.
    """
    for name, (low, high) in (("real", real), ("imaginary", imaginary)):
        if not -_LARGEST <= low < high <= _LARGEST:
            raise ValueError(
                f"{name} must be two increasing numbers from −200 to 200, not {low} and {high}"
            )
    colours = theme_of(theme)
    with needs("plot", "mish.plot.draw_complex"):
        from matplotlib.colors import hsv_to_rgb

    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(layout="constrained")[1]
    prepare(ax, colours)
    ax.axhline(0, color=colours.faint, linewidth=0.8)
    ax.grid(visible=False)
    x, y = (np.linspace(*ends, _PIXELS) for ends in (real, imaginary))
    value = mish_complex(x[None, :] + 1j * y[:, None])
    ax.imshow(
        hsv_to_rgb(_colours(value)),
        extent=(*real, *imaginary),
        origin="lower",
        aspect="equal",
        interpolation="bilinear",
    )
    for places, shape, name in (
        (poles(real, imaginary), _POLE, "pole"),
        (zeros(real, imaginary), _ZERO, "zero"),
    ):
        _mark(ax, places, shape, name)
    ax.set_xlabel("real part of z", color=colours.ink)
    ax.set_ylabel("imaginary part of z", color=colours.ink)
    ax.set_title("mish(z)", color=colours.ink)
    if ax.get_legend_handles_labels()[0]:
        ax.figure.legend(
            loc="outside lower center",
            ncols=2,
            labelcolor=colours.ink,
            facecolor="0.6",
            edgecolor="none",
            fontsize="small",
        )
    return ax


def _mark(ax: Axes, places: list[complex], shape: str, name: str) -> None:
    """Mark places white on black, which is seen on every colour."""
    if not places:
        return
    x, y = [place.real for place in places], [place.imag for place in places]
    ax.plot(x, y, shape, color="black", markersize=9, markeredgewidth=4, fillstyle="none")
    ax.plot(
        x, y, shape, color="white", markersize=9, markeredgewidth=1.8, fillstyle="none", label=name
    )


def _colours(value: Complex) -> npt.NDArray[np.float64]:
    """Hue, saturation and brightness."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rings = np.log2(np.abs(value)) % 1
        hue = np.angle(value) / (2 * np.pi) % 1
    brightness = np.nan_to_num(0.65 + 0.35 * rings, nan=1.0)
    return np.stack([np.nan_to_num(hue), np.full(hue.shape, 0.75), brightness], axis=-1)


def _turns(imaginary: Window) -> range:
    turn = 2 * math.pi
    return range(math.floor(imaginary[0] / turn) - 1, math.ceil(imaginary[1] / turn) + 2)


def _within(places: list[complex], real: Window, imaginary: Window) -> list[complex]:
    return sorted(
        (
            place
            for place in places
            if real[0] <= place.real <= real[1] and imaginary[0] <= place.imag <= imaginary[1]
        ),
        key=lambda place: place.imag,
    )
