"""A process that computes Mish in one ecosystem, lap by lap, as ``workers`` asks.

``python -m mish._measure.worker FD MODULE THREADS`` serves requests that come over the connection
with that file descriptor: each is the name of a method of ``Session`` and its arguments. The answer
is the result of the method or the exception that it raised.
"""

from __future__ import annotations

import os
import resource
import sys
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

import mish
from mish._measure import arrays, machine, timing
from mish._measure.peers import OPS, Contender, Task, Unsupported, load, select
from mish._truth import sweeps
from mish._truth.formats import as_dtype


class Session:
    """What one process holds: the peers' contenders at the present task."""

    def __init__(self, module: str, threads: int) -> None:
        _pin(threads)
        load(module).set_threads(threads)
        mish.set_num_threads(threads)
        self._contenders: dict[tuple[str, str], Contender] = {}
        self._tasks: dict[tuple[str, str, int, float], Task] = {}
        self._laps = self._interrupted = 0
        # Two arrays that are twice as large as the last cache are in none when a lap begins.
        self._cached = max(machine.caches().values(), default=0)

    def prepare(
        self, peer: str, op: str, dtype: str, size: int, sigma: float = 1.0, result: str = "given"
    ) -> str:
        """Make a peer ready for laps over normal numbers of this standard deviation.

        Returns:
            Where its results go: "new" also where it cannot use a given array.
        """
        key = (op, dtype, size, sigma)
        if key not in self._tasks:
            self._tasks[key] = task(*key)
        contender = select([peer])[0].start(self._tasks[key]._replace(result=result))
        self._contenders[peer, contender.result] = contender
        return contender.result

    def lap(self, peer: str, result: str, repeat: int) -> float:
        """Do a lap; see ``timing.lap``."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        warm = all(each.x.nbytes <= self._cached for each in self._tasks.values())
        seconds = timing.lap(self._contenders[peer, result].call, repeat, warm)
        self._laps += 1
        self._interrupted += resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw > before
        return seconds

    def release(self) -> tuple[int, int]:
        """Forget the tasks and the contenders, and their arrays.

        Returns:
            How many laps were done since the last release, and during how many of them the system
            gave the CPU to somebody else.
        """
        done = (self._laps, self._interrupted)
        self._laps = self._interrupted = 0
        self._contenders.clear()
        self._tasks.clear()
        return done

    def compute(self, peer: str, op: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Let a peer compute an operation on an array, with dy = 1."""
        contender = select([peer])[0].start(Task(op, x, _gradient(op, x)))
        return contender.array(contender.call())

    def errors(self, peer: str, op: str, dtype: str) -> sweeps.Errors:
        """Measure a peer's errors over the fixed hard inputs, with dy = 1."""
        x = sweeps.hard_inputs(dtype, OPS[op])
        return sweeps.judge(self.compute(peer, op, x), x, OPS[op])

    def memory(self, peer: str, op: str, dtype: str, size: int) -> tuple[int, int] | None:
        """Count what one call allocates; see ``memory.count``. A small call goes before it."""
        from mish._measure import memory

        for length in (1024, size):
            result = self.prepare(peer, op, dtype, length)
            call = self._contenders[peer, result].call
            found = memory.count(call, size * as_dtype(dtype).itemsize // 8)
        self.release()
        return found


def task(op: str, dtype: str, size: int, sigma: float = 1.0) -> Task:
    """The task that is timed: normal numbers of this standard deviation, always the same."""
    rng = np.random.default_rng(0)
    form = as_dtype(dtype)
    x = arrays.empty(size, form)
    for start in range(0, size, sweeps.BLOCK):
        part = x[start : start + sweeps.BLOCK]
        part[:] = (sigma * rng.standard_normal(len(part), np.float32)).astype(form)
    return Task(op, x, _gradient(op, x))


def _gradient(op: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Ones where they are needed: at the largest sizes memory is short."""
    return np.ones_like(x) if op == "backward" else x


def _pin(threads: int) -> None:
    """Leave the process so many of its CPUs, whatever a library believes."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:threads])


def serve(connection: Connection, module: str, threads: int) -> None:
    """Answer requests until the other side closes the connection."""
    session = None
    try:
        session = Session(module, threads)
        connection.send(None)
    except Exception as error:
        connection.send(_portable(error))
        return
    while True:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer = getattr(session, method)(*arguments)
        except Exception as error:
            answer = _portable(error)
        connection.send(answer)


def _portable(error: Exception) -> Exception:
    """An exception that any process can unpickle; those that are not expected as their text."""
    if isinstance(error, Unsupported | ModuleNotFoundError):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), sys.argv[2], int(sys.argv[3]))
