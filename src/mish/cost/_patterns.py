"""How the way of going through memory matters: measured curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import mish
from mish._measure import timing
from mish._measure.arrays import staggered

_Array = npt.NDArray[np.float32]
_Call = Callable[[], object]

SIZES = tuple(1 << power for power in range(8, 25))
STRIDES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
OFFSETS = tuple(range(0, 64, 4))
_CACHED, _LARGE = 1 << 11, 1 << 20


@dataclass(frozen=True)
class Curve:
    """Nanoseconds an element of float32 ``mish``, fastest lap, against a property of its arrays."""

    name: str
    property: str
    points: tuple[tuple[int, float], ...]


def measure_patterns(rounds: int = 9) -> list[Curve]:
    """Measure with one thread, the points of each curve in turn; takes half a minute.

    Returns:
        Time against the number of elements, out of place and in place, the latter on zeros, which
        stay what they are; against the stride of
        the input, in and out of the caches; against the offset from a cache line, in the cache.
    """
    threads = mish.get_num_threads()
    mish.set_num_threads(1)
    try:
        return [
            _curve("out of place", "elements", {n: (_fresh(n), n) for n in SIZES}, rounds),
            _curve(
                "out of place, zeros",
                "elements",
                {n: (_fresh(n, 0), n) for n in SIZES},
                rounds,
            ),
            _curve("in place, zeros", "elements", {n: (_in_place(n), n) for n in SIZES}, rounds),
            _curve(
                "in the caches",
                "stride of the input, elements",
                {stride: (_strided(_CACHED, stride), _CACHED) for stride in STRIDES},
                rounds,
            ),
            _curve(
                "out of them",
                "stride of the input, elements",
                {stride: (_strided(_LARGE, stride), _LARGE) for stride in STRIDES},
                rounds,
            ),
            _curve(
                "both arrays",
                "offset from a cache line, bytes",
                {offset: (_offset(offset), _CACHED) for offset in OFFSETS},
                4 * rounds,
            ),
        ]
    finally:
        mish.set_num_threads(threads)


def _curve(name: str, what: str, calls: dict[int, tuple[_Call, int]], rounds: int) -> Curve:
    found = timing.measure({str(at): call for at, (call, _) in calls.items()}, rounds)
    points = [(at, min(found[str(at)].laps) / n * 1e9) for at, (_, n) in calls.items()]
    return Curve(name, what, tuple(points))


def _normal(n: int) -> _Array:
    return np.random.default_rng(0).standard_normal(n, np.float32)


def _call(x: npt.NDArray[Any], out: npt.NDArray[Any]) -> _Call:
    return lambda: mish.mish(x, out=out)


def _fresh(n: int, scale: float = 1) -> _Call:
    x, out = staggered(2, n, np.float32)
    x[:] = scale * _normal(n)
    return _call(x, out)


def _in_place(n: int) -> _Call:
    x = np.zeros(n, np.float32)  # a fixed point; other numbers would shrink to subnormal ones
    return _call(x, x)


def _strided(n: int, stride: int) -> _Call:
    return _call(_normal(n * stride)[::stride], np.empty(n, np.float32))


def _offset(offset: int) -> _Call:
    """Make arrays that begin so many bytes after the beginning of a cache line."""

    def aligned() -> _Array:
        room = np.zeros(4 * _CACHED + 128, np.uint8)
        start = -room.ctypes.data % 64 + offset
        return room[start : start + 4 * _CACHED].view(np.float32)

    x, out = aligned(), aligned()
    x[:] = _normal(_CACHED)
    return _call(x, out)
