"""Runs over worker processes: nothing is lost but what was running, and nothing is done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from study_rows import JOBS, begun, pids, rows

from mish import study
from mish.study import activations

pytestmark = pytest.mark.slow  # they train, or start processes that do

pytest.importorskip("torch", exc_type=ImportError)

COMMAND = "import fake_study; from mish.cli import main; main()"
STUCK = f"import fake_workers; fake_workers.stuck_after(3); {COMMAND}"


@pytest.fixture
def start():
    """Start the command in a process of its own, which ends with the test."""
    begun = []

    def start(*arguments, command=COMMAND):
        process = subprocess.Popen(
            [sys.executable, "-c", command, "study", "fake", *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_same_bits_on_two_workers_and_nothing_twice(folder, undisturbed):
    database = folder / "d.sqlite"
    summary = study.run(["fake"], database=database, workers=2)
    assert (summary.found, summary.done, summary.failed, summary.untuned) == (0, JOBS, (), 0)
    assert rows(database) == undisturbed
    assert len(pids(folder)) == 2
    again = study.run(["fake"], database=database, workers=2)
    assert (again.found, again.done) == (JOBS, 0)
    assert set(begun(folder).values()) == {1}
    assert sorted(path.name for path in folder.iterdir()) == ["begun", "d.sqlite"]


def test_workers_know_an_activation_that_was_added(folder, monkeypatch):
    import torch

    monkeypatch.setattr(activations, "_REGISTRY", dict(activations._REGISTRY))
    activations.register("softsign", torch.nn.Softsign, smooth=False)
    summary = study.run(
        ["fake"], database=folder / "d.sqlite", workers=1, activations=["softsign"], seeds=1
    )
    assert (summary.done, summary.failed) == (4, ())


def test_a_killed_run_goes_on(folder, undisturbed, start):
    database = folder / "d.sqlite"
    (folder / "slow").touch()
    process = start("--database", database, "--workers", 2)
    wait_for(lambda: begun(folder))
    time.sleep(random.uniform(0, 0.8))
    process.kill()
    process.communicate(timeout=300)
    wait_for(lambda: not any(map(alive, pids(folder))))  # the workers of a killed parent end
    kept, before = rows(database), begun(folder)
    assert kept < undisturbed
    assert len(kept) >= before.total() - 2  # no more is lost than what ran on the two

    (folder / "slow").unlink()
    summary = study.run(["fake"], database=database, workers=1)
    assert (summary.found, summary.done) == (len(kept), JOBS - len(kept))
    assert rows(database) == undisturbed
    assert begun(folder).total() == before.total() + summary.done


def test_a_killed_command_leaves_no_workers(folder, start):
    (folder / "hang").touch()
    process = start("--database", folder / "d.sqlite", "--workers", 1)
    wait_for(lambda: begun(folder))
    process.kill()
    process.communicate(timeout=300)
    wait_for(lambda: not any(map(alive, pids(folder))), 60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_says_what_is_kept(folder, number, start):
    database = folder / "d.sqlite"
    process = start("--database", database, command=STUCK)
    wait_for((folder / "stuck").exists)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 128 + number
    assert f"what is finished is kept in {database}; the same command goes on" in stderr
    assert stdout == ""
    assert sorted(path.name for path in folder.iterdir()) == ["d.sqlite", "stuck"]
    assert len(rows(database)) == 3


def test_a_worker_that_dies_costs_the_job_it_was_at(folder, undisturbed, monkeypatch):
    database = folder / "d.sqlite"
    monkeypatch.setattr("mish.study._processes.TRIES", 1)
    (folder / "die").touch()
    (folder / "raise").touch()
    summary = study.run(["fake"], database=database, workers=1)
    errors = [each.error for each in summary.failed]
    gone = "its process ended at each of 1 tries, the last with exit code -9: no message"
    assert [each for each in errors if each == gone] == [gone]
    assert {each.partition(" (")[0] for each in errors} - {gone} == {
        "ArithmeticError: seed 1 is bad"
    }
    assert rows(database) < undisturbed
    assert summary.done == len(rows(database)) == JOBS - len(errors)

    monkeypatch.undo()
    monkeypatch.setenv("FAKE_STUDY", str(folder))
    for name in ("die", "raise"):
        (folder / name).unlink()
    (folder / "die-once").touch()
    again = study.run(["fake"], database=database, workers=1)
    assert (again.done, again.failed) == (len(errors), ())
    assert rows(database) == undisturbed
