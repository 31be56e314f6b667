"""How many threads a call on a large array uses."""

from __future__ import annotations

import operator
import os

from mish._numpy import native
from mish._support.cpus import allowed_cpus

_VARIABLES = ("MISH_NUM_THREADS", "OMP_NUM_THREADS")


def get_num_threads() -> int:
    """The number of threads that a call on a large array may use, the caller's among them.

    Before it is set it is what the environment variable ``MISH_NUM_THREADS`` says, else what
    ``OMP_NUM_THREADS`` says, else the number of CPUs that this process is allowed to use. Small
    arrays stay on the caller's thread, whatever the number. See docs/threads.md.
    """
    return native.get_num_threads()


def set_num_threads(n: int) -> None:
    """Set the number of threads that a call on a large array may use, for the whole process.

    The results have the same bits for every number. Calls that run already are not affected.

    Args:
        n: the number of threads, the caller's among them; from 1 to 1024.

    Raises:
        TypeError: if ``n`` is no integer.
        ValueError: if ``n`` is out of range.
    """
    try:
        number = operator.index(n)
    except TypeError:
        raise TypeError(f"n must be an integer, not {type(n).__name__}") from None
    if not 1 <= number <= native.MAX_THREADS:
        raise ValueError(f"n must be from 1 to {native.MAX_THREADS}, not {number}")
    native.set_num_threads(number)


def set_default() -> None:
    """Set the number that holds until somebody sets another.

    Raises:
        ImportError: if an environment variable says something that is no number of threads.
    """
    number = _from_environment() or min(allowed_cpus(), native.MAX_THREADS)
    native.set_num_threads(number)


def _from_environment() -> int | None:
    for variable in _VARIABLES:
        value = os.environ.get(variable, "")
        if not value.strip():
            continue
        # OpenMP allows a list, a number for each level of nesting. There is one level here.
        first = value.split(",")[0].strip()
        if not (first.isdecimal() and 1 <= int(first) <= native.MAX_THREADS):
            raise ImportError(
                f"{variable}={value}: this is no number of threads; unset {variable} or set it "
                f"to a number from 1 to {native.MAX_THREADS}"
            )
        return int(first)
    return None
