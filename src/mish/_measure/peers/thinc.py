"""thinc, the layers of spaCy: its own loops on the CPU, and ours in their place."""

from __future__ import annotations

from typing import Any

from thinc.api import NumpyOps

from mish._measure.peers import Contender, Task, Unsupported


def set_threads(n: int) -> None:
    """Its own operations have one thread whatever is asked."""
    import mish

    mish.set_num_threads(n)


def ops(task: Task) -> Contender:
    return _contender(task, NumpyOps.mish, NumpyOps.backprop_mish)


def mish_thinc(task: Task) -> Contender:
    import mish.thinc

    with mish.thinc.accelerate():
        return _contender(task, NumpyOps.mish, NumpyOps.backprop_mish)


def _contender(task: Task, forward: Any, backward: Any) -> Contender:
    if task.op == "d2" or task.x.dtype.name not in ("float32", "float64"):
        raise Unsupported(f"thinc has no {task.op} in {task.x.dtype}")
    thinc = NumpyOps()
    x, dy = task.x.reshape(1, -1), task.dy.reshape(1, -1)
    call = {
        "forward": lambda: forward(thinc, x),
        "backward": lambda: backward(thinc, dy, x),
    }[task.op]
    return Contender(call, lambda y: y.reshape(-1))
