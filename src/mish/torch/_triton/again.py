"""Launching a kernel once more, without Triton's look at every argument of every call.

Triton finds a compiled kernel by the types and the divisibility of all arguments, which takes
several times as long as the rest of a call. `Kept` keeps what it found, and then does what Triton
and PyTorch's own compiler do with a compiled kernel: call its ``run``. Hooks that somebody has set
(profilers) are left to Triton.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from torch import Tensor
from triton import knobs
from triton.runtime import driver


def _hooked() -> bool:
    """Whether somebody wants to know of launches, or that cannot be told."""
    runtime = knobs.runtime
    return bool(
        getattr(runtime.launch_enter_hook, "calls", True)
        or getattr(runtime.launch_exit_hook, "calls", True)
    )


class Kept:
    """Compiled kernels, by all that they were compiled for but the addresses' alignment.

    Only calls whose addresses are all multiples of 16 are served; nearly all are.
    """

    def __init__(self) -> None:
        self._compiled: dict[Hashable, Any] = {}

    def launch(
        self,
        key: Hashable,
        kernel: Any,
        programs: int,
        tensors: Sequence[Tensor],
        size: int,
        constants: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        """Launch a kernel on the current device.

        Args:
            key: tells kernels, dtypes, constants and devices apart.
            kernel: a function for the device whose arguments are tensors, a size that it is not
                compiled for, and constants, in this order.
            programs: how many are launched.
            tensors: dense ones.
            size: of 31 bits.
            constants: by name, in their order.
            options: of the compiler.
        """
        pointers = [each.data_ptr() for each in tensors]
        if _hooked() or any(pointer % 16 for pointer in pointers):
            kernel[(programs,)](*tensors, size, **constants, **options)
            return
        ready = self._compiled.get(key)
        if ready is None:
            ready = kernel[(programs,)](*tensors, size, **constants, **options)
            if ready is not None:  # the interpreter compiles nothing
                self._compiled[key] = ready
            return
        active = driver.active
        stream = active.get_current_stream(active.get_current_device())
        about = ready.packed_metadata
        arguments = (*pointers, size, *constants.values())
        ready.run(programs, 1, 1, stream, ready.function, about, None, None, None, *arguments)
