"""What was found of a formula, in data and in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from mish.check._algebra import Piece
from mish.check._formats import Loss, Trouble
from mish.check._points import DIGITS, Difference, Points
from mish.check._proof import Part

_PRIMES = ("", "′", "″", "‴")
_KINDS = {
    "nan": "NaN",
    "infinite": "infinite",
    "lost": "nothing is right, {} ulp",
    "inexact": "up to {} ulp",
}
_MOST_TROUBLES = 8  # of a format, in words


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        order: which derivative the formula should be.
        parts: what the algebra says, on pieces of the line from left to right; of a function,
            nothing.
        points: what was found at points.
        losses: what each format loses; nothing for a formula that is wrong on a stretch of x.
    """

    order: int
    parts: tuple[Part, ...]
    points: Points
    losses: tuple[Loss, ...]

    @property
    def agrees(self) -> bool | None:
        """Whether the formula is the derivative; None if that was not found out."""
        if self.points.differences or any(part.agrees is False for part in self.parts):
            return False
        return None if self.points.unsure else True

    @property
    def certified(self) -> bool:
        """Whether that is proved, not only so at many points."""
        if self.agrees:
            return bool(self.parts) and all(part.agrees for part in self.parts)
        return self.agrees is False and bool(self.parts)

    @property
    def unseen(self) -> bool:
        """Whether it differs by less than half an ulp of float64, wherever that was looked at."""
        differences = self.points.differences
        return bool(differences) and all(each.unseen for each in differences)

    def facts(self) -> dict[str, object]:
        """Give everything as plain data, for JSON; infinities are in it as such."""
        points = self.points
        return {
            "order": self.order,
            "agrees": self.agrees,
            "certified": self.certified,
            "below_rounding_of_float64": self.unseen,
            "pieces": [
                {
                    "from": None if part.piece.low is None else float(part.piece.low),
                    "to": None if part.piece.high is None else float(part.piece.high),
                    "agrees": part.agrees,
                    "why": part.why,
                }
                for part in self.parts
            ],
            "points": points.count,
            "undecided_points": [float(x) for x in points.unsure],
            "first": _difference(points.first),
            "largest": _difference(points.largest),
            "largest_relative": _difference(points.largest_relative),
            "formats": [
                vars(loss) | {"troubles": [vars(trouble) for trouble in loss.troubles]}
                for loss in self.losses
            ],
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        n = self.order
        prime = _PRIMES[n] if n < len(_PRIMES) else f"^({n})"
        what = {True: "agrees with", False: "differs from", None: "may be"}[self.agrees]
        yield f"{what} mish{prime}(x): {self._how()}"
        if self.agrees is False:
            yield from self._differences()
        for loss in self.losses:
            yield from _loss(loss)

    def _how(self) -> str:
        if self.certified:
            return "proved"
        reasons = [part.why for part in self.parts if part.agrees is None]
        why = f"; not proved, for the algebra meets {reasons[0]}" if reasons else "; not proved"
        if self.agrees is None:
            return f"nothing could be told at {len(self.points.unsure)} points{why}"
        if not self.parts:
            return f"to float64 at {self.points.count} points{why}"
        return f"to {DIGITS} digits at {self.points.count} points{why}"

    def _differences(self) -> Iterator[str]:
        merged = list(_merged(self.parts))
        if len(merged) > 1:
            for place, agrees, why in merged:
                said = {True: "the same", False: why or "different", None: f"not proved: {why}"}
                yield f"  {place}: {said[agrees]}"
        if first := self.points.first:
            yield f"  first, from 0 outwards: {_said(first)}"
        largest, relative = self.points.largest, self.points.largest_relative
        if largest and largest is not first:
            yield f"  largest: {_said(largest)}"
        if relative and relative not in (first, largest):
            yield f"  largest against the value: {_said(relative)}"
        if self.unseen:
            yield "  less than float64 can tell"


def _difference(found: Difference | None) -> dict[str, object] | None:
    return (
        None
        if found is None
        else {
            "x": float(found.x),
            "given": found.given,
            "exact": found.exact,
            "absolute": found.absolute,
            "relative": found.relative,
        }
    )


def _said(found: Difference) -> str:
    at = f"at x = {_number(found.x)}"
    if math.isinf(found.absolute):
        return f"{at} it has no value; right is {_minus(f'{Decimal(found.exact):.6g}')}"
    off = f"off by {found.absolute:.2g}"
    if math.isfinite(found.relative):
        off += f", {found.relative:.2g} of the value"
    given, exact = _apart(found.given, found.exact)
    return _minus(f"{at} it is {given}; right is {exact}; {off}")


def _apart(given: str, exact: str) -> tuple[str, str]:
    """Shorten two decimal numbers to where they differ, and a digit more."""
    shown = [f"{Decimal(each):.6g}" for each in (given, exact)]
    return (given, exact) if shown[0] == shown[1] else (shown[0], shown[1])


def _loss(loss: Loss) -> Iterator[str]:
    head = f"{loss.dtype}: "
    if not loss.troubles:
        yield f"{head}at most {_number(loss.worst)} ulp, at x = {_number(loss.at)}"
    for trouble in loss.troubles[:_MOST_TROUBLES]:
        yield head + _trouble(trouble)
        head = " " * len(head)
    if len(loss.troubles) > _MOST_TROUBLES:
        yield f"{head}and {len(loss.troubles) - _MOST_TROUBLES} more ranges"


def _trouble(trouble: Trouble) -> str:
    ends = _number(trouble.low), _number(trouble.high)
    place = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    what = _KINDS[trouble.kind].format(_size(trouble.worst))
    return f"{place} {what}" + (f": {trouble.step} {trouble.how}" if trouble.step else "")


def _merged(parts: tuple[Part, ...]) -> Iterator[tuple[str, bool | None, str]]:
    """Put neighbours of which the same is known together."""
    start = 0
    for end in range(1, len(parts) + 1):
        if end == len(parts) or (parts[end].agrees, parts[end].why) != (
            parts[start].agrees,
            parts[start].why,
        ):
            yield _place(parts[start].piece, parts[end - 1].piece), *_known(parts[start])
            start = end


def _known(part: Part) -> tuple[bool | None, str]:
    return part.agrees, part.why


def _place(first: Piece, last: Piece) -> str:
    """Write the numbers from the beginning of a piece to the end of another."""
    if first.low is None and last.high is None:
        return "everywhere"
    if first.low is not None and first.low == last.high:
        return f"x = {_number(first.low)}"
    left = "" if first.low is None else f"{_number(first.low)} {'≤' if first.is_point else '<'} "
    right = "" if last.high is None else f" {'≤' if last.is_point else '<'} {_number(last.high)}"
    if not right:
        assert first.low is not None
        return f"x {'≥' if first.is_point else '>'} {_number(first.low)}"
    return f"{left}x{right}"


def _size(ulp: float) -> str:
    return f"{ulp:.0f}" if ulp < 1e5 else f"{ulp:.1e}"


def _number(number: Fraction | float) -> str:
    return _minus(f"{float(number):.7g}")


def _minus(text: str) -> str:
    return text.replace("-", "−")
