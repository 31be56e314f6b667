"""Jobs over worker processes of this machine; one that dies costs only the job that it was at."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Container, Iterable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from typing import cast

from mish._measure.workers import environment_for
from mish.study._jobs import Failed, Outcome, Task

TRIES = 3
"""So often a job is begun; each time its process ended without an answer."""


class Processes:
    """Worker processes, each on one thread; they start when there is work."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._workers: list[_Worker] = []

    def perform(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Do jobs, and give outcomes as they come."""
        waiting = deque((task, 1) for task in tasks)
        busy: dict[Connection, tuple[_Worker, Task, int]] = {}
        while waiting or busy:
            while waiting and len(busy) < self.count:
                task, tries = waiting.popleft()
                worker = self._idle(busy)
                worker.begin(task)
                busy[worker.connection] = worker, task, tries
            for connection in wait(list(busy)):
                worker, task, tries = busy.pop(cast(Connection, connection))
                outcome = worker.answer()
                if outcome is not None:
                    yield outcome
                    continue
                end = worker.close()
                self._workers.remove(worker)
                if tries < TRIES:
                    waiting.appendleft((task, tries + 1))
                else:
                    yield Failed(
                        task.job, f"its process ended at each of {tries} tries, the last with {end}"
                    )

    def close(self) -> None:
        """End the processes; what they are doing is lost."""
        while self._workers:
            self._workers.pop().close()

    def _idle(self, busy: Container[Connection]) -> _Worker:
        for worker in self._workers:
            if worker.connection not in busy:
                return worker
        self._workers.append(_Worker())
        return self._workers[-1]


class _Worker:
    """The near end of a worker process."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
        # What this process can import, the worker can: the module of a registered study too.
        path = os.pathsep.join(os.path.abspath(each) for each in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mish.study._worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            # the order of a set of strings is the same in every process
            env=environment_for(1) | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=self._printed,
        )
        theirs.close()

    def begin(self, task: Task) -> None:
        """Hand over a job."""
        with contextlib.suppress(OSError):  # if it has ended, `answer` tells
            self.connection.send(task)

    def answer(self) -> Outcome | None:
        """Take the outcome; None if the process has ended without one."""
        try:
            return cast(Outcome, self.connection.recv())
        except (EOFError, OSError):
            return None

    def close(self) -> str:
        """End the process, and say how it ended and what it printed last."""
        self.connection.close()
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._printed.seek(0)
        lines = self._printed.read().decode(errors="replace").strip().splitlines()
        self._printed.close()
        return f"exit code {code}: {lines[-1] if lines else 'no message'}"
