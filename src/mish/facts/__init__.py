"""Facts about Mish and the activations next to it, each with an enclosure and a proof.

>>> from mish import facts
>>> facts.certified("mish")["minimum"].text(12)
'f = −0.308843413017 at x = −1.19243121452, the only stationary point'

The zeros of a derivative are found on the whole line: it is covered by intervals on each of which
ball arithmetic (Arb, through python-flint) proves that there is no zero or exactly one, and the
tails beyond are decided by series in the exponential that is small there. Extrema, inflections,
ranges and Lipschitz constants follow from the zeros. Needs the ``reference`` extra.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mish._support.extras import needs

with needs("reference", "mish.facts"):
    from flint import arb

from mish._truth.balls import working_bits
from mish.facts._analytic import complex_plane, integrals, series
from mish.facts._certify import Turn, certify, turns_of, zeros_of
from mish.facts._names import ACTIVATIONS, check_name
from mish.facts._normal import normal
from mish.facts._pieces import PIECEWISE, piecewise_values
from mish.facts._smooth import SMOOTH, Smooth
from mish.facts._types import Enclosure, Fact, Facts, collect

__all__ = [
    "ACTIVATIONS",
    "SMOOTH_ACTIVATIONS",
    "TOPICS",
    "Enclosure",
    "Fact",
    "Facts",
    "Point",
    "Turn",
    "certified",
    "check_name",
    "compare",
    "points",
    "topics",
    "values",
]

SMOOTH_ACTIVATIONS = tuple(SMOOTH)
"""Those with derivatives of every order."""


class Point(NamedTuple):
    """A marked point of a derivative's graph."""

    kind: str
    """``"zero"``, ``"minimum"``, ``"maximum"`` or ``"inflection"``."""
    x: Enclosure
    order: int


TOPICS = ("shape", "series", "complex", "integrals", "normal")
"""What there are facts of. Series, the complex plane and integrals are told of Mish alone."""

_OF_MISH = {"series": series, "complex": complex_plane, "integrals": integrals}


@functools.lru_cache(maxsize=len(ACTIVATIONS) * len(TOPICS))
def certified(activation: str = "mish", topic: str = "shape") -> Facts:
    """Give the facts of an activation on a topic.

    Args:
        activation: its name, one of ``ACTIVATIONS``.
        topic: one of ``TOPICS``:

            - ``"shape"``: ``zeros``, ``minimum``, ``monotonicity``, ``inflections``,
              ``convexity``, ``curvature_extrema``, ``lipschitz``, ``lipschitz_of_slope``,
              ``range``, ``slope_range``, ``curvature_range``, ``left``, ``right``, ``at_zero``,
              ``smoothness``;
            - ``"series"``, ``"complex"``, ``"integrals"``, of Mish alone: Taylor series and those
              of the tails with bounds of their rest; poles, residues and zeros; the antiderivative;
            - ``"normal"``: moments, slopes and Hermite coefficients over a standard normal
              argument.

    Returns:
        The facts, by name. Each has an identifier, ``activation.topic.name``, what it assumes,
        how it is proved, enclosures of its numbers and mostly a form that machines read.

    Raises:
        ValueError: there is no activation of that name, no such topic, or none for it.
    """
    check_name(activation)
    if topic not in TOPICS:
        raise ValueError(f"topic must be one of {', '.join(TOPICS)}, not {topic!r}")
    if topic == "shape":
        return PIECEWISE[activation] if activation in PIECEWISE else certify(SMOOTH[activation])
    if topic == "normal":
        found = normal(activation)
    elif activation == "mish":
        found = _OF_MISH[topic]()
    else:
        raise ValueError(f"topic {topic!r} is told of mish alone, not of {activation}")
    shape = certified(activation)
    return collect(activation, shape.label, shape.formula, found, topic)


def topics(activation: str = "mish") -> tuple[str, ...]:
    """Give the topics that there are facts of an activation on.

    Raises:
        ValueError: there is no activation of that name.
    """
    check_name(activation)
    return (
        TOPICS if activation == "mish" else tuple(each for each in TOPICS if each not in _OF_MISH)
    )


def compare(
    activations: Sequence[str] = ACTIVATIONS,
    names: Sequence[str] = ("minimum", "slope_range", "lipschitz_of_slope", "convexity"),
) -> list[dict[str, Fact]]:
    """Give the same facts of several activations, one row an activation.

    Raises:
        ValueError: an activation or a fact does not exist.
    """
    rows = []
    for activation in activations:
        facts = certified(activation).facts
        missing = set(names) - set(facts)
        if missing:
            raise ValueError(f"there is no fact {sorted(missing)[0]!r}; there are {list(facts)}")
        rows.append({name: facts[name] for name in names})
    return rows


def points(activation: str = "mish", order: int = 0) -> list[Point]:
    """Give every zero, local extremum and inflection of a derivative, from left to right.

    Args:
        activation: a smooth one: not ELU, hard-swish or ReLU.
        order: which derivative; 0 is the function itself.

    Raises:
        ValueError: there is no smooth activation of that name, or ``order`` is negative.
    """
    check_name(activation)
    if activation not in SMOOTH:
        raise ValueError(f"{activation} is not smooth; the smooth ones are {list(SMOOTH)}")
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    smooth = SMOOTH[activation]
    found = [
        Point("zero", Enclosure.of(zero.place), order) for zero in zeros_of(smooth, order).zeros
    ]
    for turn in turns_of(smooth, order):
        found.append(Point("minimum" if turn.minimum else "maximum", turn.place, order))
    found += [Point("inflection", turn.place, order) for turn in turns_of(smooth, order + 1)]
    return sorted(found, key=lambda point: point.x.low)


def values(activation: str, x: npt.ArrayLike, order: int = 0) -> npt.NDArray[np.float64]:
    """Evaluate a derivative of an activation, by ball arithmetic where it is smooth.

    Slow, some 10 µs an element: for plots, quadrature and tests.

    Args:
        activation: its name, one of ``ACTIVATIONS``.
        x: finite points, of any shape, taken as float64.
        order: which derivative; 0 is the function itself.

    Returns:
        Values in the shape of ``x``, right to 1 ulp where the activation is smooth; NaN at the
        points where the derivative does not exist.

    Raises:
        ValueError: there is no activation of that name, or ``order`` is negative.
    """
    check_name(activation)
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    given = np.asarray(x, np.float64)
    if activation in PIECEWISE:
        return piecewise_values(activation, given, order)
    found = [_value(SMOOTH[activation], point, order) for point in given.ravel().tolist()]
    return np.array(found, np.float64).reshape(given.shape)


def _value(smooth: Smooth, point: float, order: int) -> float:
    """Narrow an enclosure until its middle is as good as the exact value."""
    for bits in (128 << doubling for doubling in range(6)):
        with working_bits(bits):
            ball = smooth.derivative(arb(point), order)
        if ball.rel_accuracy_bits() > 60:
            break
    return float(ball.mid())
