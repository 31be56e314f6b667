"""Who has asked that another package's function be ours, and until when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Switch:
    """Something of another package that is ours as long as somebody wants it.

    Args:
        turn: called with True when the first holder comes, with False when the last one has gone.
    """

    def __init__(self, turn: Callable[[bool], None]) -> None:
        self._turn = turn
        self._on = False
        self.lock = threading.Lock()
        self.holders: set[Acceleration] = set()  # whose `accelerate` holds
        self.entered: set[Acceleration] = set()  # those of them that a `with` block ends

    def hold(self) -> Acceleration:
        """Begin, until what is returned ends it."""
        acceleration = Acceleration(self)
        with self.lock:
            self.holders.add(acceleration)
            self.update()
        return acceleration

    def update(self) -> None:
        """Turn if it is time; the caller has the lock."""
        wanted = bool(self.holders)
        if wanted != self._on:
            self._turn(wanted)
            self._on = wanted


class Acceleration:
    """What an ``accelerate`` returns: a context manager, and a way to undo."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    def __enter__(self) -> Acceleration:
        with self._switch.lock:
            self._switch.holders.add(self)
            self._switch.entered.add(self)
            self._switch.update()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._switch.lock:
            self._switch.entered.discard(self)
            self._switch.holders.discard(self)
            self._switch.update()

    def undo(self) -> None:
        """End what all calls of this ``accelerate`` outside of ``with`` statements began.

        ``with`` blocks that run, in this thread or others, keep theirs until they end.
        """
        with self._switch.lock:
            self._switch.holders.intersection_update(self._switch.entered)
            self._switch.update()
