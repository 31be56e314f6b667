"""PyTorch's own mish made fast and right: `accelerate`."""

from __future__ import annotations

import threading
from types import TracebackType

from mish.torch import _aten, _compile, _double_backward, _state

_lock = threading.Lock()
_holders: set[Acceleration] = set()  # whose `accelerate` holds
_entered: set[Acceleration] = set()  # those of them that a `with` block ends


class Acceleration:
    """What `accelerate` returns: a context manager, and a way to undo."""

    def __enter__(self) -> Acceleration:
        with _lock:
            _holders.add(self)
            _entered.add(self)
            _update()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _lock:
            _entered.discard(self)
            _holders.discard(self)
            _update()

    def undo(self) -> None:
        """End what all calls of `accelerate` outside of ``with`` statements began.

        ``with`` blocks that run, in this thread or others, keep theirs until they end.
        """
        with _lock:
            _holders.intersection_update(_entered)
            _update()


def accelerate() -> Acceleration:
    """Make `torch.nn.functional.mish` and `torch.nn.Mish` fast and accurate, training included.

    From here on, in the whole process, the CPU and CUDA kernels behind ``aten::mish``, its in-place
    and out variants and ``aten::mish_backward`` are this package's, for dense float16, bfloat16,
    float32 and float64 tensors. Everything else (other dtypes, sparse and quantized tensors, other
    devices) goes to PyTorch's own kernels. Models need no change. Their derivatives of second and
    higher order become right too, and what `torch.compile` compiles from here on uses
    `mish.formula`.

    It may be called again, from any thread, to no further effect::

        mish.torch.accelerate()  # until the process ends

        with mish.torch.accelerate():  # in the whole process, until the block ends
            train()

        acceleration = mish.torch.accelerate()
        acceleration.undo()

    Functions that were compiled before keep the code that they have, and so do those compiled
    meanwhile after the end; `torch._dynamo.reset` makes PyTorch compile anew.

    Returns:
        A context manager; its method ``undo`` undoes the call.
    """
    acceleration = Acceleration()
    with _lock:
        _holders.add(acceleration)
        _update()
    return acceleration


def _update() -> None:
    wanted = bool(_holders)
    if wanted == _state.accelerated:
        return
    _aten.switch(wanted)
    _double_backward.install()
    _compile.switch(wanted)
    _state.accelerated = wanted
