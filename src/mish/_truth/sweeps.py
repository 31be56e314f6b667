"""How far results are from the truth over many inputs: sweeps, whole or in part.

float32 is judged by the float64 kernel, whose own error is 2**-29 of a float32 ulp; float64 by
double-double arithmetic (``native/exact.h``) or ``mish.reference``; 16-bit formats by either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

import mish
from mish import ulp
from mish._numpy import native
from mish._truth.formats import as_dtype
from mish._truth.hard_inputs import hard

Function: TypeAlias = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]

UFUNCS = {0: mish.mish, 1: mish.mish_d1, 2: mish.mish_d2, 3: mish.mish_d3}
"""Ours, by the order of the derivative."""

ALL_FLOAT32 = 1 << 32
BLOCK = 1 << 20
_PARTS = 64


@dataclass(frozen=True)
class Errors:
    """What a sweep found.

    Attributes:
        count: How many inputs there were.
        worst: The largest error in ulp where the result and the exact value's rounding are finite.
        at: An input that has it.
        specials: How many results are NaN or infinite and should not be, or the other way round.
    """

    count: int
    worst: float
    at: float
    specials: int


def errors(computed: npt.NDArray[Any], x: npt.NDArray[Any], order: int) -> npt.NDArray[np.float64]:
    """Measure how far each result is from the truth, in ulp.

    Args:
        computed: results in one of the four formats; its dtype says in which.
        x: the points, of the same shape; anything but signalling NaNs.
        order: which derivative; float64 and orders above 3 take some 10 µs an element.

    Returns:
        The errors; infinite where a result is NaN or infinite and should not be, or the other way
        round.

    Raises:
        ModuleNotFoundError: for float64 and orders above 3, if python-flint is not installed.
    """
    if computed.dtype == np.float64 or order not in UFUNCS:
        return ulp.error(computed, x, order)
    return ulp.error_against(computed, UFUNCS[order](x.astype(np.float64)))


def judge(computed: npt.NDArray[Any], x: npt.NDArray[Any], order: int) -> Errors:
    """Compare results with the truth.

    Args:
        computed: results in one of the four formats; its dtype says in which.
        x: the points, of the same shape; anything but signalling NaNs.
        order: which derivative, from 0 to 3.

    Raises:
        ModuleNotFoundError: for float64, if python-flint is not installed.
    """
    found = errors(computed, x, order)
    if not found.size:
        return Errors(0, 0.0, math.nan, 0)
    special = np.isinf(found)
    worst = int(np.argmax(np.where(special, -1, found)))
    return Errors(
        found.size,
        0.0 if special.all() else float(found[worst]),
        float(x[worst]),
        int(special.sum()),
    )


def merge(parts: Iterable[Errors]) -> Errors:
    """Put together what was found on parts of the inputs; a worst of NaN outdoes all."""
    found = list(parts)
    worst = max(found, key=lambda part: (math.isnan(part.worst), part.worst))
    return Errors(
        sum(part.count for part in found),
        worst.worst,
        worst.at,
        sum(part.specials for part in found),
    )


def hard_inputs(dtype: npt.DTypeLike, order: int) -> npt.NDArray[Any]:
    """A fixed set of finite numbers where implementations go wrong, with infinities and a NaN."""
    form = as_dtype(dtype)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan]).astype(form)
    return np.concatenate([hard(form, order), special])


def every_16_bit(dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """All numbers of float16 or bfloat16, and one NaN."""
    x = np.arange(1 << 16, dtype=np.uint16).view(as_dtype(dtype))
    with np.errstate(invalid="ignore"):  # ml_dtypes warns of signalling NaNs
        numbers = x[~np.isnan(x)]
    return np.append(numbers, np.array(np.nan).astype(x.dtype))


def float32(
    order: int, threads: int, on_part: Callable[[float], object] = lambda share: None
) -> Errors:
    """Judge our float32 kernel on all 2**32 inputs.

    Args:
        order: which derivative, from 0 to 3.
        threads: how many parts to do at a time.
        on_part: called now and then with the share that was done since, for a progress bar.
    """
    size = ALL_FLOAT32 // _PARTS

    def part(number: int) -> Errors:
        worst, bits, _, specials = native.sweep_float32(order, number * size, size)
        on_part(1 / _PARTS)
        return Errors(size, worst, _from_bits(bits), specials)

    with ThreadPoolExecutor(threads) as pool:
        return merge(pool.map(part, range(_PARTS)))


def float64(
    count: int, threads: int, on_part: Callable[[float], object] = lambda share: None
) -> list[Errors]:
    """Judge our float64 kernels on random inputs by double-double arithmetic.

    Args:
        count: how many inputs, rounded down to a multiple of 64.
        threads: how many parts to do at a time.
        on_part: called now and then with the share that was done since, for a progress bar.

    Returns:
        What was found, by order from 0 to 3.
    """
    size = count // _PARTS

    def part(seed: int) -> list[Errors]:
        found = [Errors(size, *pair, 0) for pair in native.sweep_float64(seed, size)]
        on_part(1 / _PARTS)
        return found

    with ThreadPoolExecutor(threads) as pool:
        return [merge(parts) for parts in zip(*pool.map(part, range(_PARTS)), strict=True)]


def float32_of(
    function: Function,
    order: int,
    step: int = 1,
    on_part: Callable[[float], object] = lambda share: None,
) -> Errors:
    """Judge any function on every ``step``-th float32, in blocks of one size.

    NaNs are left out: what a function makes of 2**24 of them says nothing more than one does.

    Args:
        function: gets an array of ``BLOCK`` float32 numbers.
        order: which derivative it is said to be, from 0 to 3.
        step: the distance of the bit patterns; 1 for all.
        on_part: called now and then with the share that was done since, for a progress bar.
    """
    blocks = -(-ALL_FLOAT32 // (step * BLOCK))
    pattern = np.arange(BLOCK, dtype=np.uint64) * np.uint64(step)
    found = []
    for number in range(blocks):
        bits = pattern + np.uint64(number * step * BLOCK)  # beyond the last it begins anew
        x = (bits % np.uint64(ALL_FLOAT32)).astype(np.uint32).view(np.float32)
        nan = np.isnan(x)
        if not nan.all():
            y = function(np.where(nan, np.float32(0), x))
            found.append(judge(y[~nan], x[~nan], order))
        on_part(1 / blocks)
    return merge(found)


def _from_bits(bits: int) -> float:
    return float(np.uint32(bits).view(np.float32))
