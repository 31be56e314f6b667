"""A program and a derivative of Mish at points: certain differences, or many equal digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

from mish import reference
from mish._truth.balls import working_bits
from mish._truth.formats import format_of
from mish.check._balls import at, ball_of
from mish.check._program import Program

Array = npt.NDArray[Any]

DIGITS = 30
"""To how many digits values agree before they are taken to be equal."""

_UNSEEN = 2.0**-54  # of a value
_ENOUGH = 110  # bits, which are 33 digits
_NOTHING = 2.0**-400  # two balls around 0 that are smaller hold the same number
_PRECISIONS = (192, 768, 3072)
_FARTHEST = 30  # where the values of a function are compared
_ALLOWED = 2.0**-40
_BESIDE = Fraction(1, 1 << 10)  # how far from a break


@dataclass(frozen=True)
class Difference:
    """A point where the expression is not the derivative of Mish, certainly.

    Attributes:
        x: the point.
        given: the value of the expression to 20 digits, ``"nan"`` where it is not defined.
        exact: the derivative's.
        absolute: their distance; infinite where there is no value.
        relative: the distance over the size of the derivative.
    """

    x: Fraction
    given: str
    exact: str
    absolute: float
    relative: float

    @property
    def unseen(self) -> bool:
        """Whether it is less than half an ulp of float64."""
        return self.relative < _UNSEEN


@dataclass(frozen=True)
class Points:
    """What was found at all points.

    Attributes:
        count: how many there were.
        differences: those where the values differ, from left to right.
        unsure: those where neither could be told.
    """

    count: int
    differences: tuple[Difference, ...]
    unsure: tuple[Fraction, ...]

    @property
    def first(self) -> Difference | None:
        """The difference nearest to 0."""
        return min(self.differences, key=lambda found: abs(found.x), default=None)

    @property
    def largest(self) -> Difference | None:
        """The largest absolute difference."""
        return max(self.differences, key=lambda found: found.absolute, default=None)

    @property
    def largest_relative(self) -> Difference | None:
        """The difference that is largest against the derivative."""
        return max(self.differences, key=lambda found: found.relative, default=None)


def compare(program: Program, order: int, breaks: Iterable[Fraction] = ()) -> Points:
    """Compare at some 400 points from −1000 to 1000, and at and beside given ones."""
    places = sorted({*_places(), *_beside(breaks)})
    differences, unsure = [], []
    for place in places:
        found = _compare_at(program, order, place)
        if isinstance(found, Difference):
            differences.append(found)
        elif not found:
            unsure.append(place)
    return Points(len(places), tuple(differences), tuple(unsure))


def _places() -> Iterator[Fraction]:
    """Numbers of every format: eighths in the middle, fewer in the tails."""
    yield from (Fraction(n, 8) for n in range(-128, 129))
    for n in range(17, 65):
        yield from (Fraction(n), Fraction(-n))
    for n in (72, 80, 88, 89, 100, 104, 128, 200, 400, 709, 710, 745, 746, 1000):
        yield from (Fraction(n), Fraction(-n))


def _beside(breaks: Iterable[Fraction]) -> Iterator[Fraction]:
    """Neighbours of breaks; of those that no float is, balls could not tell the side."""
    for place in breaks:
        nearest = Fraction(round(place / _BESIDE)) * _BESIDE
        yield from (nearest - _BESIDE, nearest + _BESIDE)
        if place.denominator & (place.denominator - 1) == 0:
            yield place


def _compare_at(program: Program, order: int, point: Fraction) -> Difference | bool:
    """Tell the difference, or whether it is certain that there is none worth naming."""
    for bits in _PRECISIONS:
        given = at(program, point, bits)
        with working_bits(bits):
            truth = reference.ball(ball_of(point), order)
            if not given.is_finite():
                if bits == _PRECISIONS[-1]:
                    return Difference(point, "nan", _text(truth), math.inf, math.inf)
            elif not given.overlaps(truth):
                distance = abs(given - truth)
                relative = distance / abs(truth) if truth != 0 else arb("inf")
                return Difference(
                    point, _text(given), _text(truth), float(distance), float(relative)
                )
            elif _narrow(given) and _narrow(truth):
                return True
    return False


def _narrow(ball: arb) -> bool:
    return bool(ball.rel_accuracy_bits() >= _ENOUGH or abs(ball) < _NOTHING)


def _text(ball: arb) -> str:
    return str(ball.str(20, radius=False))


def compare_function(run: Callable[[Array], Array], order: int) -> Points:
    """Compare a function's values in float64; a difference is what no rounding explains."""
    places = [place for place in sorted(set(_places())) if abs(place) <= _FARTHEST]
    results = run(np.array(list(map(float, places)))).tolist()
    differences = []
    for place, given in zip(places, results, strict=True):
        exact = float(reference.rounded_one(place, order, format_of(np.float64)))
        distance = abs(given - exact) if math.isfinite(given) else math.inf
        if distance > _ALLOWED * (1 + abs(exact)):
            relative = distance / abs(exact) if exact else math.inf
            differences.append(Difference(place, repr(given), repr(exact), distance, relative))
    return Points(len(places), tuple(differences), ())
