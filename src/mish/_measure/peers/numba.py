"""Numba: ours, and a loop over one exponential, in the form that cannot overflow."""

from __future__ import annotations

import functools
import math
from typing import Any

import numba
import numpy as np

import mish
from mish._measure import arrays
from mish._measure.peers import Contender, Task, Unsupported


def set_threads(n: int) -> None:
    numba.set_num_threads(n)
    mish.set_num_threads(n)


def mish_numba(task: Task) -> Contender:
    if task.x.dtype.name not in ("float32", "float64"):
        raise Unsupported(f"Numba has no {task.x.dtype}")
    function = _ours(task.op)
    inputs = (task.dy, task.x) if task.op == "backward" else (task.x,)
    if task.result == "new":
        return Contender(lambda: function(*inputs))
    out = arrays.empty(task.x.size, task.x.dtype)
    return Contender(lambda: function(*inputs, out), result="given")


@functools.cache
def _ours(op: str) -> Any:
    ufunc = {"forward": mish.mish, "backward": mish.mish_grad, "d2": mish.mish_d2}[op]

    def call(*arguments: Any) -> Any:
        return ufunc(*arguments)

    return numba.njit(call)


def loop(task: Task) -> Contender:
    if task.op == "d2" or task.x.dtype.name not in ("float32", "float64"):
        raise Unsupported(f"no {task.op} in {task.x.dtype}")
    function = _compiled(task.op, task.x.dtype.name, numba.get_num_threads() > 1)
    inputs = (task.dy, task.x) if task.op == "backward" else (task.x,)
    if task.result == "new":
        return Contender(lambda: function(*inputs))
    out = arrays.empty(task.x.size, task.x.dtype)
    return Contender(lambda: function(*inputs, out=out), result="given")


@functools.cache
def _compiled(op: str, dtype: str, parallel: bool) -> Any:
    """x·t with t = n/(n+2), n = e(e+2); the gradient is t + x·s·(1−t²), s = e/(e+1).

    From 40 on t is 1, also in float64.
    """
    top, one, two = (np.dtype(dtype).type(value) for value in (40, 1, 2))

    def forward(x: Any) -> Any:
        e = math.exp(min(x, top))
        n = e * (e + two)
        return x * (n / (n + two))

    def backward(dy: Any, x: Any) -> Any:
        e = math.exp(min(x, top))
        n = e * (e + two)
        t = n / (n + two)
        return dy * (t + x * (e / (e + one)) * (one - t * t))

    real = getattr(numba, dtype)
    function, signature = {
        "forward": (forward, real(real)),
        "backward": (backward, real(real, real)),
    }[op]
    return numba.vectorize([signature], target="parallel" if parallel else "cpu")(function)
