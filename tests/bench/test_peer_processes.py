"""Cases: who takes part, the ratios, and what happens when a peer fails."""

from __future__ import annotations

import pytest

from mish._measure import peers
from mish._measure.workers import WorkerError
from mish.bench import peer_processes


def names(rows):
    return [row.peer for row in rows]


def test_rows_by_time_with_ratios_and_errors(fakes):
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        case = everybody.case("forward", "float32", 100, rounds=7)
    assert names(case.rows) == ["copy", "mish", "slow"]
    copy, ours, slow = case.rows
    assert (slow.seconds, slow.ratio, slow.copies, slow.spread) == (10e-3, 5.0, 10.0, 0.0)
    assert (ours.ratio, ours.copies, ours.worst, ours.at) == (1.0, 2.0, 0.75, -17.0)
    assert (copy.worst, slow.worst) == (None, 1e6)
    assert (case.rounds, case.threads, case.absent, case.interrupted) == (7, 1, [], 0.25)
    assert [(each.peer, each.reason) for each in everybody.missing] == [
        ("absent", "no_such_package not installed")
    ]
    assert case.title == "forward, float32, 100 elements, one thread"


def test_mish_and_the_copy_always_take_part(fakes):
    with peer_processes.PeerProcesses(peers.select(["slow"])) as everybody:
        assert names(everybody.case("forward", "float32", 100).rows) == ["copy", "mish", "slow"]
        assert everybody.missing == []


def test_a_peer_that_does_not_offer_something(fakes):
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        case = everybody.case("d2", "float32", 100)
    assert names(case.rows) == ["copy", "mish"]
    assert [(each.peer, each.reason, each.failed) for each in case.absent] == [
        ("slow", "no d2", False)
    ]


def test_a_peer_that_fails_is_told_in_one_line(fakes):
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        case = everybody.case("forward", "float16", 100)
    assert [(each.reason, each.failed) for each in case.absent] == [
        ("failed: ValueError: it broke", True)
    ]


@pytest.mark.parametrize("method", ["prepare", "lap", "errors"])
def test_a_process_that_ends_is_left_out_and_the_others_go_on(fakes, method):
    fakes.dies = method
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        case = everybody.case("forward", "float32", 100)
        again = everybody.case("forward", "float64", 100)
    for each in (case, again):
        assert names(each.rows) == ["copy", "mish"]
        assert each.absent[0].reason == "failed: exit code -9: no message"
    assert fakes.started == 2


def test_the_end_of_our_own_process_is_an_error(fakes, monkeypatch):
    monkeypatch.setattr(
        peers, "PEERS", [peers.Peer(each, each, "other", each) for each in ("copy", "mish")]
    )
    fakes.dies = "lap"
    with (
        peer_processes.PeerProcesses(peers.PEERS) as everybody,
        pytest.raises(WorkerError, match="the process for other ended: exit code -9"),
    ):
        everybody.case("forward", "float32", 100)


def test_results_given_and_new(fakes):
    """Who can do either has two rows; ratios are to those with a given array."""
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        case = everybody.case("forward", "float32", 100, result="both", sigma=3.0)
        new = everybody.case("forward", "float32", 100, result="new")
    assert [(row.peer, row.result, row.ratio) for row in case.rows] == [
        ("copy", "given", 0.5),
        ("copy", "new", 1.0),
        ("mish", "given", 1.0),
        ("mish", "new", 2.0),
        ("slow", "new", 5.0),
    ]
    assert [case.label(row) for row in case.rows[:2]] == [
        "copy of the array, given",
        "copy of the array, new",
    ]
    assert case.title.endswith("100 elements, σ = 3, one thread, results given or new")
    assert [(row.peer, row.result, row.ratio) for row in new.rows] == [
        ("copy", "new", 0.5),
        ("mish", "new", 1.0),
        ("slow", "new", 2.5),
    ]


def test_arrays_are_let_go_after_each_case(fakes):
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        everybody.case("forward", "float32", 100)
        for worker in everybody._workers.values():
            assert worker.asked.index("release") > worker.asked.index("lap")


def test_a_process_that_cannot_start_is_tried_once(fakes, monkeypatch):
    class Broken(fakes):
        def __init__(self, module, threads, environment=None):
            super().__init__(module, threads)
            if module == "other":
                raise RuntimeError("ImportError: libbroken.so")

    monkeypatch.setattr(peer_processes, "Worker", Broken)
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        for dtype in ("float32", "float64"):
            case = everybody.case("forward", dtype, 100)
            assert case.absent[0].reason == "failed: ImportError: libbroken.so"
    assert Broken.started == 2


def test_too_little_memory(fakes, monkeypatch):
    monkeypatch.setattr(peer_processes, "_available_memory", lambda: 1 << 30)
    with peer_processes.PeerProcesses(peers.PEERS) as everybody:
        everybody.case("forward", "float32", 1 << 25)
        with pytest.raises(ValueError, match=r"need about 6.0 GiB for 3 peers; 1.0 GiB are"):
            everybody.case("forward", "float64", 1 << 27)
    assert peer_processes._available_memory() > 1 << 20
