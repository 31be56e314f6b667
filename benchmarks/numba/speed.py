"""Numbers alone and numbers in arrays, in functions that Numba compiles.

    python benchmarks/numba/speed.py > benchmarks/results/numba.md

One thread. "One by one" is a loop that calls a function for each element: for ours, the C interface
as a C program calls it. Beside it, Numba's own loops: the form of Mish with one exponential, the
definition, and one function of the C library alone.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np

import mish
from mish._measure import machine

SIZE = 2**14
ROUNDS, CALLS = 40, 20


def _each(function: Callable[[Any], Any]) -> Callable[[Any, Any], None]:
    @numba.njit
    def loop(x: Any, y: Any) -> None:
        for i in range(x.size):
            y[i] = function(x[i])

    return loop  # type: ignore[no-any-return]


@numba.njit
def _one_exponential(x: Any) -> Any:
    e = np.exp(min(x, np.float32(40)))  # from there on Mish is x
    n = e * (e + 2)
    return x * (n / (n + 2))


@numba.njit
def _definition(x: Any) -> Any:
    return x * np.tanh(np.log1p(np.exp(x)))


def _whole(ufunc: Any) -> Callable[[Any, Any], None]:
    @numba.njit
    def call(x: Any, y: Any) -> None:
        ufunc(x, y)

    return call  # type: ignore[no-any-return]


def _loops() -> dict[str, Callable[[Any, Any], None]]:
    return {
        "mish.mish, the whole array": _whole(mish.mish),
        "mish.mish_d1, the whole array": _whole(mish.mish_d1),
        "mish.mish, one by one": _each(mish.mish),
        "mish.mish_d1, one by one": _each(mish.mish_d1),
        "one exponential": _each(_one_exponential),
        "x·tanh(log1p(exp(x)))": _each(_definition),
        "exp": _each(np.exp),
        "tanh": _each(np.tanh),
    }


def main() -> None:
    mish.set_num_threads(1)
    facts = machine.facts(("mish", "numba", "numpy"))
    print("# Numba\n\nMade by `python benchmarks/numba/speed.py`.\n")
    print(f"{machine.summary(facts)}\n")
    print(f"Nanoseconds an element, {SIZE} standard normal numbers, one thread, the fastest of")
    print(f"{ROUNDS} laps. A call for one number costs the same in C.\n")
    print("| | float32 | float64 |\n|---|--:|--:|")
    points = np.random.default_rng(0).standard_normal(SIZE)
    for name, loop in _loops().items():
        cells = []
        for dtype in ("float32", "float64"):
            x = points.astype(dtype)
            y = np.empty_like(x)
            loop(x, y)
            laps = timeit.repeat(partial(loop, x, y), repeat=ROUNDS, number=CALLS)
            cells.append(f"{min(laps) / CALLS / SIZE * 1e9:.2f}")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
