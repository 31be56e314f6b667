"""What this machine does: its clock, bandwidth and peak, and the time of each kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import mish
from mish._measure import timing
from mish._measure.arrays import staggered
from mish._support.extras import needs
from mish._truth.formats import as_dtype
from mish.cost._clock import hertz
from mish.cost._count import FORMATS, element_size

_Array = npt.NDArray[Any]

_CACHE_BYTES = 16 << 10  # of all arrays together: half of the smallest L1 about
_MEMORY_BYTES = 256 << 20  # beyond the caches
_MATRIX = 512


@dataclass(frozen=True)
class Machine:
    """One core, as measured.

    Attributes:
        hertz: cycles a second; None if it could not be measured.
        cache_bandwidth: bytes a second, read and written, of a copy within the L1 cache.
        memory_bandwidth: the same of a copy of arrays far larger than any cache.
        peak: floating-point operations a second of a product of matrices, by dtype.
    """

    hertz: float | None
    cache_bandwidth: float
    memory_bandwidth: float
    peak: dict[str, float]


@dataclass(frozen=True)
class Time:
    """Seconds an element of a kernel, one thread, standard normal input."""

    cache: float
    memory: float


def measure_machine(rounds: int = 11) -> Machine:
    """Measure the core that this runs on; takes some seconds.

    Raises:
        ModuleNotFoundError: threadpoolctl is missing (the ``cost`` extra).
    """
    with needs("cost", "measuring the machine"):
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    large = timing.measure({"copy": _copy_of(_MEMORY_BYTES // 2)}, rounds)["copy"].median
    peaks = {}
    with threadpool_limits(1):
        for dtype in ("float32", "float64"):
            a, b = (np.ones((_MATRIX, _MATRIX), dtype) for _ in range(2))
            product = timing.measure({"product": _product(a, b)}, rounds)["product"]
            peaks[dtype] = 2 * _MATRIX**3 / min(product.laps)
    return Machine(
        hertz=hertz(),
        cache_bandwidth=2 / _slope(_copy_of, _CACHE_BYTES // 2, rounds),
        memory_bandwidth=_MEMORY_BYTES / large,
        peak=peaks,
    )


def measure_kernels(
    operations: Sequence[str], dtypes: Sequence[str] = FORMATS, rounds: int = 11
) -> dict[tuple[str, str], Time]:
    """Time kernels with one thread, in the L1 cache and out of every cache.

    In the cache, a call's fixed cost is taken off: the time is the slope between two lengths, of
    the fastest laps. Out of it, the time is the median.
    """
    threads = mish.get_num_threads()
    mish.set_num_threads(1)
    try:
        return {
            (operation, dtype): _measure_kernel(operation, dtype, rounds)
            for operation in operations
            for dtype in dtypes
        }
    finally:
        mish.set_num_threads(threads)


def caller(operation: str, dtype: str, n: int) -> Callable[[], object]:
    """Make a call of a ufunc on arrays of its own."""
    function = getattr(mish, operation)
    random = np.random.default_rng(0)
    with needs("cost", "measuring bfloat16"):
        form = as_dtype(dtype)
    *inputs, out = staggered(function.nin + 1, n, form)
    for each in inputs:
        each[:] = random.standard_normal(n)
    return lambda: function(*inputs, out=out)


def _measure_kernel(operation: str, dtype: str, rounds: int) -> Time:
    arrays = 3 if operation == "mish_grad" else 2
    unit = arrays * element_size(dtype)
    large = _MEMORY_BYTES // 4 // unit
    long = timing.measure({"": caller(operation, dtype, large)}, rounds)[""].median
    short = _slope(lambda n: caller(operation, dtype, n), _CACHE_BYTES // unit, rounds)
    return Time(cache=short, memory=long / large)


def _slope(make: Callable[[int], Callable[[], object]], n: int, rounds: int) -> float:
    """Time calls for n elements and for a quarter, and divide the difference.

    The fastest laps count: what else the machine does only adds, and would swamp the difference.
    """
    whole, part = n // 512 * 512, n // 4 // 512 * 512
    found = timing.measure({"whole": make(whole), "part": make(part)}, 5 * rounds)
    return (min(found["whole"].laps) - min(found["part"].laps)) / (whole - part)


def _copy_of(n: int) -> Callable[[], object]:
    source, target = staggered(2, n, np.uint8)
    source[:] = 1
    return lambda: np.copyto(target, source)


def _product(a: _Array, b: _Array) -> Callable[[], object]:
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)
