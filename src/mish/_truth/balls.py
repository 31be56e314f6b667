"""How precise the ball arithmetic of python-flint is: a setting of the process, not of a thread.

With one thread's precision or length of a series, another's enclosures would be too wide, or lack
terms. So a thread that has set one has the arithmetic to itself until it sets it back. Others
wait; threads gain nothing here.
"""

from __future__ import annotations

import os
import threading

from flint import ctx

_lock = threading.RLock()


def _renew() -> None:
    """Free the lock in a child process, where a thread that has it may not exist."""
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


class _Setting:
    """One setting of python-flint's context, for a block, in which no other thread has another."""

    def __init__(self, name: str, value: int) -> None:
        self._name, self._value = name, value

    def __enter__(self) -> None:
        self._lock = _lock  # to leave the one that was entered, also in a child process
        self._lock.acquire()
        self._before = getattr(ctx, self._name)
        try:
            setattr(ctx, self._name, self._value)
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        setattr(ctx, self._name, self._before)
        self._lock.release()


def working_bits(bits: int) -> _Setting:
    """Compute with so many bits in a block."""
    return _Setting("prec", bits)


def working_digits(digits: int) -> _Setting:
    """Compute with so many decimal digits in a block."""
    return _Setting("dps", digits)


def working_terms(terms: int) -> _Setting:
    """Compute so many terms of a series in a block."""
    return _Setting("cap", terms)
