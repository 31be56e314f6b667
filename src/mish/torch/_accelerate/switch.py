"""PyTorch's own mish made fast and right: `accelerate`."""

from __future__ import annotations

from mish._support.acceleration import Acceleration, Switch
from mish.torch import _state
from mish.torch._accelerate import aten, double_backward, inductor


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
    return _switch.hold()


def _turn(on: bool) -> None:
    aten.switch(on)
    double_backward.install()
    inductor.switch(on)
    _state.accelerated = on


_switch = Switch(_turn)
