"""The same jobs over a Dask cluster: a lost worker's are done again, a lost scheduler is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from study_rows import JOBS, pids, rows

from mish import study
from mish.study import _cluster

pytestmark = pytest.mark.slow  # they train, or start processes that do

pytest.importorskip("torch", exc_type=ImportError)
pytest.importorskip("distributed")


def start(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def cluster(folder):
    """A scheduler's process and address, and two workers' processes."""
    file = folder / "scheduler.json"
    local = ("--host", "127.0.0.1", "--no-dashboard")
    scheduler = start("dask_scheduler", *local, "--port", "0", "--scheduler-file", str(file))
    workers = []
    try:
        while True:
            assert scheduler.poll() is None
            try:
                address = json.loads(file.read_text())["address"]
                break
            except (FileNotFoundError, ValueError):  # not there yet, or not whole
                time.sleep(0.05)
        one = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        workers += [start("dask_worker", address, *local, *one) for _ in range(2)]
        yield scheduler, address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def test_a_worker_is_lost_and_then_the_scheduler(cluster, folder, undisturbed, monkeypatch):
    scheduler, address, workers = cluster
    monkeypatch.setattr(_cluster, "_WORKERS", 300)  # wherever the tests run
    (folder / "slow").touch()
    first = folder / "first.sqlite"

    def lose_a_worker(progress):
        if progress.done == 6 and workers[0].poll() is None:
            workers[0].kill()
            workers[0].wait()

    summary = study.run(["fake"], database=first, scheduler=address, on_progress=lose_a_worker)
    assert (summary.done, summary.failed) == (JOBS, ())
    assert rows(first) == undisturbed
    assert workers[1].pid in pids(folder)

    second = folder / "second.sqlite"

    def lose_the_scheduler(progress):
        if progress.done == 6:
            scheduler.kill()

    with pytest.raises(ConnectionError, match=r"the scheduler tcp://.* is gone; finished jobs are"):
        study.run(["fake"], database=second, scheduler=address, on_progress=lose_the_scheduler)
    kept = rows(second)
    assert 6 <= len(kept) < JOBS
    assert kept < undisturbed
    assert not (folder / "second.sqlite-lock").exists()
