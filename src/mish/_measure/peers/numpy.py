"""NumPy: ours, the copy, and the expressions that people write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import mish
from mish._measure import arrays
from mish._measure.peers import Contender, Task, Unsupported


def set_threads(n: int) -> None:
    mish.set_num_threads(n)


def copy(task: Task) -> Contender:
    """What memory allows: one array read, one written."""
    x, out = task.x, _out(task)

    def call() -> object:
        if out is None:
            return x.copy()
        np.copyto(out, x)
        return out

    return Contender(call, result=task.result)


def mish_numpy(task: Task) -> Contender:
    x, dy, out = task.x, task.dy, _out(task)
    call = {
        "forward": lambda: mish.mish(x, out=out),
        "backward": lambda: mish.mish_grad(dy, x, out=out),
        "d2": lambda: mish.mish_d2(x, out=out),
    }[task.op]
    return Contender(call, result=task.result)


def naive(task: Task) -> Contender:
    x, dy, out = task.x, task.dy, _out(task)

    def forward() -> object:
        return np.multiply(x, np.tanh(np.log1p(np.exp(x))), out=out)

    def backward() -> object:
        t = np.tanh(np.log1p(np.exp(x)))
        return np.multiply(dy, t + x * (1 - t * t) / (1 + np.exp(-x)), out=out)

    return _quiet(task, {"forward": forward, "backward": backward})


def stable(task: Task) -> Contender:
    x, dy, out = task.x, task.dy, _out(task)
    zero = x.dtype.type(0)

    def forward() -> object:
        return np.multiply(x, np.tanh(np.logaddexp(zero, x)), out=out)

    def backward() -> object:
        t = np.tanh(np.logaddexp(zero, x))
        slope = t + x * (1 - t * t) * np.exp(-np.logaddexp(zero, -x))
        return np.multiply(dy, slope, out=out)

    return _quiet(task, {"forward": forward, "backward": backward})


def _out(task: Task) -> npt.NDArray[Any] | None:
    """The array for the results, or None where each call is to make its own."""
    return arrays.empty(task.x.size, task.x.dtype) if task.result == "given" else None


def _quiet(task: Task, calls: dict[str, Callable[[], object]]) -> Contender:
    """Let an expression run without its floating-point warnings; NumPy has bfloat16 from others."""
    if task.op not in calls or task.x.dtype.name == "bfloat16":
        raise Unsupported(f"no expression for {task.op} in {task.x.dtype}")
    call = calls[task.op]

    def quiet() -> object:
        with np.errstate(all="ignore"):
            return call()

    return Contender(quiet, result=task.result)
