"""On which parts of the line a program is a derivative of Mish, by algebra."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from mish.check._algebra import Algebra, FinerRoot, Piece, Undefined
from mish.check._program import Program
from mish.check._rational import Undecided

_MOST_BREAKS = 32
_MOST_ROUNDS = 20
_HIGHEST_ORDER = 24  # of which the algebra takes about a second


@dataclass(frozen=True)
class Part:
    """What was proved of a piece of the line.

    Attributes:
        piece: the piece.
        agrees: whether the program is the derivative there; None if that is not known. Where it
            does not agree it differs but at single points.
        why: what is not defined, or why nothing is known.
    """

    piece: Piece
    agrees: bool | None
    why: str = ""


def prove(program: Program, order: int) -> list[Part]:
    """Cut the line where conditions change, and compare on each piece; from left to right."""
    if order > _HIGHEST_ORDER:
        return [Part(Piece(None, None), None, f"the algebra stops at derivative {_HIGHEST_ORDER}")]
    algebra, breaks = Algebra(), set[Fraction]()
    for _ in range(_MOST_ROUNDS):
        found = set(breaks)
        try:
            parts = [_judge(algebra, program, order, piece, found) for piece in _cut(breaks)]
        except FinerRoot as finer:
            algebra = Algebra(finer.root)
            continue
        if found == breaks:
            return parts
        if len(found) > _MOST_BREAKS:
            break
        breaks = found
    return [Part(Piece(None, None), None, "there are too many conditions")]


def _cut(breaks: Iterable[Fraction]) -> list[Piece]:
    pieces, low = [], None
    for place in sorted(breaks):
        pieces += [Piece(low, place), Piece(place, place)]
        low = place
    return [*pieces, Piece(low, None)]


def _judge(
    algebra: Algebra, program: Program, order: int, piece: Piece, breaks: set[Fraction]
) -> Part:
    try:
        value = algebra.value(program, piece, breaks)
    except Undecided as problem:
        return Part(piece, None, str(problem))
    except Undefined as problem:
        return Part(piece, False, str(problem))
    truth = algebra.mish(order)
    if value == truth:
        return Part(piece, True)
    if not piece.is_point:
        return Part(piece, False)
    assert piece.low is not None
    # exp of a rational number other than 0 is transcendental, so it is as good as a letter
    (top, bottom), (true_top, true_bottom) = (
        algebra.at(each, piece.low) for each in (value, truth)
    )
    return Part(piece, bool(top * true_bottom == true_top * bottom))


def breaks_of(parts: Iterable[Part]) -> list[Fraction]:
    """The places where one piece ends and another begins."""
    return [part.piece.low for part in parts if part.piece.is_point and part.piece.low is not None]
