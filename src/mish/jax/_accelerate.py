"""JAX's own mish made fast and right: `accelerate`."""

from __future__ import annotations

from typing import Any

import jax

from mish._support.acceleration import Acceleration, Switch
from mish.jax._functions import mish

_theirs: Any = jax.nn.mish


def accelerate() -> Acceleration:
    """Put `mish` in the place of `jax.nn.mish`, in the whole process.

    Code that looks the function up there when it runs takes ours from then on: models of Flax,
    Equinox and Haiku that write ``jax.nn.mish(x)``. Whoever took the function before keeps what he
    took: a name from ``from jax.nn import mish``, a module's attribute, what `jax.jit` compiled.

    It may be called again, from any thread, to no further effect::

        mish.jax.accelerate()  # until the process ends

        with mish.jax.accelerate():  # in the whole process, until the block ends
            train()

        acceleration = mish.jax.accelerate()
        acceleration.undo()

    Returns:
        A context manager; its method ``undo`` undoes the call.
    """
    return _switch.hold()


def _turn(on: bool) -> None:
    jax.nn.mish = mish if on else _theirs


_switch = Switch(_turn)
