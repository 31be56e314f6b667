"""Made-up peers, and results to show."""

from __future__ import annotations

import pytest

from mish._measure import peers
from mish._measure.peers import COPY, MISH, Peer, Unsupported
from mish._measure.workers import WorkerError
from mish._truth.sweeps import Errors
from mish.bench import peer_processes

FAKES = (
    Peer(COPY, "copy of the array", "fake", "copy"),
    Peer(MISH, "mish", "fake", "mish", ours=True),
    Peer("slow", "a slow one", "other", "slow"),
    Peer("absent", "an absent one", "absent", "absent", ("no_such_package",)),
)
SECONDS = {COPY: 1e-3, MISH: 2e-3, "slow": 10e-3}


class FakeWorker:
    """Answers as a worker does, with times of its own; ``dies`` ends the process of ``other``."""

    dies: str | None = None
    started = 0

    def __init__(self, module, threads, environment=None):
        type(self).started += 1
        self.module = module
        self.asked = []

    def __call__(self, method, *arguments):
        self.asked.append(method)
        if self.module == "other" and method == self.dies:
            raise WorkerError(self.module, "exit code -9: no message")
        if method == "prepare" and arguments[:2] == ("slow", "d2"):
            raise Unsupported("no d2")
        if method == "prepare" and arguments[:3] == ("slow", "forward", "float16"):
            raise RuntimeError("ValueError: it broke\nand more")
        if method == "prepare":  # the slow one cannot use a given array
            return "new" if arguments[0] == "slow" else arguments[5]
        if method == "lap" and arguments[1] == "new" and arguments[0] != "slow":
            return 2 * SECONDS[arguments[0]]
        if method == "lap":
            return SECONDS[arguments[0]]
        if method == "release":
            return (40, 10)
        if method == "errors":
            return Errors(10, 0.75 if arguments[0] == MISH else 1e6, -17.0, 0)
        return None

    def close(self):
        pass


@pytest.fixture
def fakes(monkeypatch):
    """Put made-up peers in the place of the real ones; returns the worker's class."""

    class Fresh(FakeWorker):
        pass

    monkeypatch.setattr(peers, "PEERS", FAKES)
    monkeypatch.setattr(peer_processes, "Worker", Fresh)
    return Fresh


@pytest.fixture
def results(fakes):
    """Results of the made-up peers at some sizes."""
    with peer_processes.PeerProcesses(FAKES) as everybody:
        cases = [
            everybody.case("forward", "float32", size, rounds=5) for size in (16, 1 << 12, 1 << 20)
        ]
        cases.append(everybody.case("d2", "float32", 1 << 20, rounds=5))
        missing = everybody.missing
    machine = {
        "cpu": "Some CPU",
        "isa": "avx2",
        "cores": 2,
        "caches": {"L1": 32 << 10},
        "memory": 1 << 34,
        "system": "Linux",
        "commit": None,
        "load": 0.5,
        "versions": {"numpy": "2"},
    }
    from mish.bench.results import Results

    return Results("mish bench", machine, missing, cases)
