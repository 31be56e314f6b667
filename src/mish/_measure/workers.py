"""The processes in which peers run, seen from the one that asks them for laps."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.connection import Pipe
from pathlib import Path
from types import TracebackType
from typing import Any

_THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS", "MISH_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "NPROC"),  # the last is XLA's
)
# Threads that wait must not burn the time of whoever is next.
_PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0", "GOMP_SPINCOUNT": "0"}


class WorkerError(Exception):
    """A worker's process ended before it answered.

    Attributes:
        module: The module of ``peers`` that it served.
        reason: How it ended and the last line that it printed.
    """

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(f"the process for {module} ended: {reason}")
        self.module = module
        self.reason = reason


class Worker:
    """One process for one module of ``peers``; see ``worker.Session`` for what it can do."""

    def __init__(
        self, module: str, threads: int, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start the process and wait until it has imported its framework.

        Raises:
            WorkerError: it ended while it started.
            ModuleNotFoundError, RuntimeError: what was raised there.
        """
        self._module = module
        self._connection, theirs = Pipe()
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mish._measure.worker"),
                *(str(theirs.fileno()), module, str(threads)),
            ],
            pass_fds=[theirs.fileno()],
            env=environment_for(threads) | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=self._printed,
        )
        theirs.close()
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def __call__(self, method: str, *arguments: object) -> Any:
        """Call a method of the session over there.

        Raises:
            WorkerError: the process ended.
            Unsupported, ModuleNotFoundError: the method raised it.
            RuntimeError: the method raised something else; this holds its text.
        """
        with contextlib.suppress(OSError):  # if it is gone, _answer says why
            self._connection.send((method, arguments))
        return self._answer()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._printed.close()

    def _answer(self) -> Any:
        try:
            answer = self._connection.recv()
        except (EOFError, OSError):
            code = self._process.wait()
            self._printed.seek(0)
            lines = self._printed.read().decode(errors="replace").strip().splitlines()
            reason = f"exit code {code}: {lines[-1] if lines else 'no message'}"
            raise WorkerError(self._module, reason) from None
        if isinstance(answer, Exception):
            raise answer
        return answer


def environment_for(threads: int) -> dict[str, str]:
    """Give the environment of a process in which every library has so many threads."""
    source = str(Path(__file__).parents[2])
    path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    return (
        os.environ
        | dict.fromkeys(_THREAD_VARIABLES, str(threads))
        | _PASSIVE
        | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
