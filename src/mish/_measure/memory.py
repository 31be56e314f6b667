"""What one call allocates, counted by a library that is loaded before all others."""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


class CannotCount(Exception):
    """Allocations cannot be counted on this machine; the text says why."""


def build(folder: Path) -> Path:
    """Compile the counting library into a folder.

    Raises:
        CannotCount: the C library is not GNU's, or there is no compiler.
    """
    if platform.libc_ver()[0] != "glibc":
        raise CannotCount("allocations are counted under GNU's C library alone")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise CannotCount("counting allocations takes a C compiler")
    library = folder / "allocations.so"
    source = Path(__file__).with_name("allocations.c")
    done = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-fno-builtin", str(source), "-o", str(library)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotCount(f"{compiler} cannot build {source.name}: {done.stderr.strip()}")
    return library


def count(call: Callable[[], object], least: int) -> tuple[int, int]:
    """Count what a call allocates, in a process into which the library was preloaded.

    Args:
        call: what to call, once.
        least: the size in bytes from which a block counts.

    Returns:
        The number of blocks allocated, and the most bytes held at a time beyond those held before,
        in blocks of any size.
    """
    counter = ctypes.CDLL(None)
    blocks, peak = ctypes.c_long(), ctypes.c_long()
    counter.allocations_start(ctypes.c_size_t(least))
    result = call()
    counter.allocations_stop(ctypes.byref(blocks), ctypes.byref(peak))
    del result
    return blocks.value, peak.value
