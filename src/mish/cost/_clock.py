"""How fast the clock runs, by a chain of additions that take one cycle each."""

from __future__ import annotations

import ctypes
import mmap
import platform
import sys
import time

# rdi counts down; between, rax is added to itself 16 times, each addition waiting for the last
_CODE = bytes.fromhex("4801c0" * 16 + "48ffcf" + "75cb" + "c3")
_TURNS = 200_000
_ADDITIONS = 16
_ROUNDS = 15


def hertz() -> float | None:
    """Measure the cycles in a second; None where such code cannot be run.

    The fastest of some rounds counts, as whatever else runs can only slow one down.
    """
    if platform.machine().lower() not in {"x86_64", "amd64"} or sys.platform != "linux":
        return None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except (OSError, PermissionError):
        return None
    page.write(_CODE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    chain = ctypes.CFUNCTYPE(None, ctypes.c_size_t)(address)
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        chain(_TURNS)
        best = min(best, time.perf_counter() - start)
    return _TURNS * _ADDITIONS / best
