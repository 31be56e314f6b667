"""Jobs over the workers of a Dask cluster; one that is lost has its jobs done by the others."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mish import __version__
from mish._support.extras import needs
from mish.study._jobs import Failed, Job, Outcome, Task
from mish.study._work import perform, prepare

if TYPE_CHECKING:
    from distributed import Future

_CONNECT = 10.0  # seconds in which a scheduler answers
_WORKERS = 60.0  # seconds in which it has a worker
_LOOK = 1.0  # seconds between looks at whether the scheduler is there


class Cluster:
    """The workers of a Dask scheduler; each process does one job at a time."""

    def __init__(self, address: str) -> None:
        """Connect to a scheduler.

        Raises:
            ConnectionError: it does not answer, or has no workers.
            ValueError: a worker cannot do jobs, or has another version of mish.
        """
        with needs("study", "a scheduler"):
            from distributed import Client
        self._address = address
        try:
            self._client = Client(address, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConnectionError(
                f"no Dask scheduler answers at {address}: {error}; `dask scheduler` starts one and "
                "prints its address"
            ) from error
        try:
            self.count = self._ready()
        except BaseException:
            self.close()
            raise

    def _ready(self) -> int:
        """Wait for workers, and count them.

        The import of a framework takes seconds, and is done here by all at once.
        """
        try:
            self._client.wait_for_workers(1, timeout=_WORKERS)
        except (OSError, TimeoutError) as error:
            raise ConnectionError(
                f"the scheduler {self._address} has no workers: start some by `dask worker "
                f"{self._address} --nthreads 1`"
            ) from error
        try:
            found = self._client.run(prepare)
        except Exception as error:
            raise ValueError(
                f"a worker of {self._address} cannot run studies: {type(error).__name__}: {error}; "
                "install 'mish[study]' there"
            ) from error
        for worker, (software, _) in found.items():
            if software["mish"] != __version__:
                raise ValueError(
                    f"the worker {worker} has mish {software['mish']}, and here it is "
                    f"{__version__}: install the same"
                )
        return len(found)

    def perform(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Do jobs, and give outcomes as they come.

        Raises:
            ConnectionError: the scheduler is gone.
        """
        done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        jobs = {}
        for task in tasks:
            future = self._client.submit(perform, task, pure=False)
            jobs[future] = task.job
            future.add_done_callback(done.put)
        while jobs:
            try:
                future = done.get(timeout=_LOOK)
            except queue.Empty:
                self._require_scheduler()
                continue
            outcome = self._outcome(future, jobs[future])
            del jobs[future]  # and with it the result over there
            yield outcome

    def _outcome(self, future: Future, job: Job) -> Outcome:
        if future.status == "cancelled":  # by a client that lost its scheduler
            self._require_scheduler()
        try:
            found: Outcome = future.result(timeout=_CONNECT)
        except Exception as error:
            self._require_scheduler()
            return Failed(job, f"{type(error).__name__}: {error}")
        return found

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise ConnectionError(
                f"the scheduler {self._address} is gone; finished jobs are kept, and the same "
                "command goes on with the rest"
            )

    def close(self) -> None:
        """Leave what is not done, and the cluster as it is."""
        self._client.close()
