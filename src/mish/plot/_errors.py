"""Errors of Mish in ulp over x, ours and peers': the worst in each of many narrow bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mish._measure.peers import COPY, MISH, OPS, Peer, Unsupported, select
from mish._measure.verify import BOUNDS
from mish._measure.workers import Worker, WorkerError
from mish._truth import sweeps
from mish._truth.formats import as_dtype, format_of

DTYPES = tuple(BOUNDS)
INTERVAL = (-30.0, 20.0)
"""Where the errors are shown if nothing else is said: both tails of float32 begin in it."""

_DENSE = 192  # points in a bin
_DENSE_FLOAT64 = 24  # the same where the judge takes 10 µs a point
_MOST = 8  # peers in a picture
_UNKNOWN = "no peer is asked for order {}; of 0, 1 and 2 there are peers"


class Unoffered(ValueError):
    """A peer does not offer what is to be measured."""


@dataclass(frozen=True)
class ErrorCurve:
    """The errors of one implementation.

    Attributes:
        label: its name.
        ours: whether it is mish.
        edges: the ends of the bins, one more than there are bins.
        worst: the largest error in each bin, in ulp; infinite where a result is NaN or infinite and
            should not be, or the other way round; NaN where the format has no number.
    """

    label: str
    ours: bool
    edges: npt.NDArray[np.float64]
    worst: npt.NDArray[np.float64]


@dataclass(frozen=True)
class ErrorPicture:
    """What is to be drawn.

    Attributes:
        dtype: the format.
        order: which derivative.
        interval: the ends of the x axis.
        bound: what this package promises of its own error, in ulp.
        curves: the errors, ours last, so that they lie on top.
    """

    dtype: str
    order: int
    interval: tuple[float, float]
    bound: float
    curves: tuple[ErrorCurve, ...]


def measure(
    peers: Sequence[str],
    dtype: str,
    order: int,
    interval: tuple[float, float],
    bins: int,
    lenient: bool = False,
) -> ErrorPicture:
    """Measure the errors of mish and of peers, each of these in a process of its own.

    If ``lenient``, a peer that does not offer this order in this format is left out.

    Raises:
        ModuleNotFoundError: python-flint (of float64) or ml_dtypes (of bfloat16) is missing.
        ValueError: an argument is not usable, or a peer is not installed, does not offer this, or
            failed; the message says which.
    """
    chosen = _check(peers, dtype, order, interval)
    edges = np.linspace(*interval, bins + 1)
    x = _points(edges, dtype)
    curves = []
    for peer in chosen:
        try:
            results = _ask(peer, order, x)
        except Unoffered:
            if not lenient:
                raise
        else:
            curves.append(_curve(peer.label, False, edges, x, results, order))
    ours = _curve("mish", True, edges, x, sweeps.UFUNCS[order](x), order)
    return ErrorPicture(dtype, order, interval, BOUNDS[dtype], (*curves, ours))


def _check(
    peers: Sequence[str], dtype: str, order: int, interval: tuple[float, float]
) -> list[Peer]:
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}")
    if order not in sweeps.UFUNCS:
        raise ValueError(f"order must be one of {', '.join(map(str, sweeps.UFUNCS))}, not {order}")
    low, high = interval
    largest = 2.0 ** (format_of(dtype).top - 1)
    if not (-largest <= low < high <= largest):
        raise ValueError(
            f"interval must be two increasing numbers within {dtype}, not {low} and {high}"
        )
    try:
        chosen = [peer for peer in select(peers) if peer.name != MISH]
    except ValueError as unknown:
        raise ValueError(f"peer: {unknown}") from None
    if len(chosen) > _MOST:
        raise ValueError(f"{len(chosen)} peers are too many for one picture; {_MOST} fit")
    if chosen and order not in OPS.values():
        raise ValueError(f"peer: {_UNKNOWN.format(order)}")
    for peer in chosen:
        if peer.name == COPY:
            raise ValueError("peer: a copy of the array is not Mish")
        if lacks := peer.missing():
            raise ValueError(f"peer {peer.name}: {' and '.join(lacks)} not installed")
    return chosen


def _points(edges: npt.NDArray[np.float64], dtype: str) -> npt.NDArray[Any]:
    """Draw the numbers of every bin at which errors are measured; in rising order."""
    dense = _DENSE_FLOAT64 if dtype == "float64" else _DENSE
    rng = np.random.default_rng(0)
    within = edges[:-1, None] + np.diff(edges)[:, None] * rng.random((len(edges) - 1, dense))
    drawn = np.unique(within.astype(as_dtype(dtype)))
    wide = drawn.astype(np.float64)
    found: npt.NDArray[Any] = drawn[(wide >= edges[0]) & (wide <= edges[-1])]
    return found


def _ask(peer: Peer, order: int, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    op = next(name for name, number in OPS.items() if number == order)
    try:
        with Worker(peer.module, 1) as worker:
            found: npt.NDArray[Any] = worker("compute", peer.name, op, x)
    except Unsupported as problem:
        raise Unoffered(f"peer {peer.name}: {problem}") from problem
    except (ModuleNotFoundError, RuntimeError, WorkerError) as problem:
        raise ValueError(f"peer {peer.name}: {problem}") from problem
    return found


def _curve(
    label: str,
    ours: bool,
    edges: npt.NDArray[np.float64],
    x: npt.NDArray[Any],
    results: npt.NDArray[Any],
    order: int,
) -> ErrorCurve:
    errors = sweeps.errors(results, x, order)
    which = np.clip(np.searchsorted(edges, x.astype(np.float64), "right") - 1, 0, len(edges) - 2)
    worst = np.full(len(edges) - 1, -1.0)
    np.maximum.at(worst, which, errors)
    return ErrorCurve(label, ours, edges, np.where(worst < 0, np.nan, worst))


def steps(curve: ErrorCurve, floor: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Give the curve as a line for a logarithmic scale, with gaps where nothing is finite."""
    middles = (curve.edges[:-1] + curve.edges[1:]) / 2
    return middles, np.where(np.isfinite(curve.worst), np.maximum(curve.worst, floor), np.nan)


def span(picture: ErrorPicture) -> tuple[float, float]:
    """Choose whole powers of ten that hold all errors and the bound, at least three decades."""
    finite = np.concatenate([each.worst[np.isfinite(each.worst)] for each in picture.curves])
    top = max(float(finite.max(initial=0.0)), picture.bound)
    return 0.1, 10.0 ** max(math.ceil(math.log10(top) + 0.3), 2)
