"""NumPy: ours, the copy, and the expressions that people write."""

from __future__ import annotations

import numpy as np

import mish
from mish._measure import arrays
from mish._measure.peers import Contender, Task, Unsupported


def set_threads(n: int) -> None:
    mish.set_num_threads(n)


def copy(task: Task) -> Contender:
    """What memory allows: one array read, one written."""
    out = arrays.empty(task.x.size, task.x.dtype)

    def call() -> object:
        np.copyto(out, task.x)
        return out

    return Contender(call)


def mish_numpy(task: Task) -> Contender:
    x, dy, out = task.x, task.dy, arrays.empty(task.x.size, task.x.dtype)
    return {
        "forward": Contender(lambda: mish.mish(x, out=out)),
        "backward": Contender(lambda: mish.mish_grad(dy, x, out=out)),
        "d2": Contender(lambda: mish.mish_d2(x, out=out)),
    }[task.op]


def naive(task: Task) -> Contender:
    x, dy = task.x, task.dy

    def forward() -> object:
        return x * np.tanh(np.log1p(np.exp(x)))

    def backward() -> object:
        t = np.tanh(np.log1p(np.exp(x)))
        return dy * (t + x * (1 - t * t) / (1 + np.exp(-x)))

    return _quiet(task, {"forward": forward, "backward": backward})


def stable(task: Task) -> Contender:
    x, dy = task.x, task.dy
    zero = x.dtype.type(0)

    def forward() -> object:
        return x * np.tanh(np.logaddexp(zero, x))

    def backward() -> object:
        t = np.tanh(np.logaddexp(zero, x))
        return dy * (t + x * (1 - t * t) * np.exp(-np.logaddexp(zero, -x)))

    return _quiet(task, {"forward": forward, "backward": backward})


def _quiet(task: Task, calls: dict[str, object]) -> Contender:
    """Let an expression run without its floating-point warnings; NumPy has bfloat16 from others."""
    if task.op not in calls or task.x.dtype.name == "bfloat16":
        raise Unsupported(f"no expression for {task.op} in {task.x.dtype}")
    call = calls[task.op]

    def quiet() -> object:
        with np.errstate(all="ignore"):
            return call()  # type: ignore[operator]

    return Contender(quiet)
