"""thinc, the layers of spaCy: its own loops on the CPU."""

from __future__ import annotations

from thinc.api import NumpyOps

from mish._measure.peers import Contender, Task, Unsupported


def set_threads(n: int) -> None:
    """It has one thread whatever is asked."""


def ops(task: Task) -> Contender:
    if task.op == "d2" or task.x.dtype.name not in ("float32", "float64"):
        raise Unsupported(f"thinc has no {task.op} in {task.x.dtype}")
    thinc = NumpyOps()
    x, dy = task.x.reshape(1, -1), task.dy.reshape(1, -1)
    call = {
        "forward": lambda: thinc.mish(x),
        "backward": lambda: thinc.backprop_mish(dy, x),
    }[task.op]
    return Contender(call, lambda y: y.reshape(-1))
