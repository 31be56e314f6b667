"""The full run of the benchmark: everything that the results files hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from mish._measure import machine, memory
from mish._measure.peers import COPY, DTYPES, OPS, Peer, Unsupported
from mish._measure.verify import OnStep
from mish._measure.workers import Worker, WorkerError
from mish._support.cpus import allowed_cpus
from mish.bench import imports
from mish.bench.peer_processes import PeerProcesses
from mish.bench.results import Case, Memory, Results

SIZE = 1 << 20
CURVE = tuple(1 << power for power in range(4, 27, 2))
OVERHEAD = (1, 16, 64, 256, 1024)
SIGMAS = (1.0, 3.0)
RESULTS_AT = (1 << 20, 1 << 22, 1 << 24)  # sizes at which results go into given and new memory
THREADED = 1 << 22
_MEMORY_SIZE = 1 << 24

# The time for a case, after which no new round begins.
_SECONDS = {"table": 5.0, "curve": 4.0, "results": 4.0, "threads": 6.0}


def run(
    peers: Iterable[Peer], command: str, on_step: OnStep = lambda title, share: None
) -> Results:
    """Measure everything; about ten minutes on two cores.

    Args:
        peers: those that take part.
        command: what the results file says that it was made by.
        on_step: for a progress bar.
    """
    chosen = list(peers)
    facts = machine.facts(dict.fromkeys(name for peer in chosen for name in peer.packages))
    with PeerProcesses(chosen, 1) as processes:
        table = [(op, dtype, SIZE) for op in OPS for dtype in DTYPES]
        cases = []
        for sigma in SIGMAS:
            cases += _cases(processes, table, _SECONDS["table"], 0.25, on_step, sigma=sigma)
        sizes = sorted({*CURVE, *OVERHEAD} - {SIZE})
        curve = [("forward", "float32", size) for size in sizes]
        cases += _cases(processes, curve, _SECONDS["curve"], 0.15, on_step)
        large = [("forward", "float32", size) for size in RESULTS_AT]
        cases += _cases(processes, large, _SECONDS["results"], 0.05, on_step, result="both")
        missing = processes.missing
        present = processes.peers
    if allowed_cpus() > 1:
        with PeerProcesses(chosen, allowed_cpus()) as processes:
            wide = [(op, "float32", THREADED) for op in ("forward", "backward")]
            cases += _cases(processes, wide, _SECONDS["threads"], 0.1, on_step)
    allocated, note = measure_memory(present, on_step, 0.15)
    on_step("import time", 0)
    imported = imports.measure()
    on_step("import time", 0.05)
    return Results(command, facts, missing, cases, allocated, note, imported)


def _cases(
    processes: PeerProcesses,
    wanted: list[tuple[str, str, int]],
    seconds: float,
    share: float,
    on_step: OnStep,
    *,
    sigma: float = 1.0,
    result: str = "given",
) -> list[Case]:
    found = []
    for op, dtype, size in wanted:
        title = f"{op}, {dtype}, {size} elements, {processes.threads} threads"
        on_step(title, 0)
        found.append(processes.case(op, dtype, size, sigma=sigma, result=result, seconds=seconds))
        on_step(title, share / len(wanted))
    return found


def measure_memory(
    peers: Iterable[Peer], on_step: OnStep = lambda title, share: None, share: float = 1.0
) -> tuple[list[Memory], str]:
    """Count what a call of each peer allocates, each in a new process.

    Returns:
        What was found, and why nothing was where that is so.
    """
    chosen = [peer for peer in peers if peer.name != COPY]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            library = memory.build(Path(folder))
        except memory.CannotCount as reason:
            return [], str(reason)
        for peer in chosen:
            on_step(f"memory, {peer.label}", 0)
            with Worker(peer.module, 1, {"LD_PRELOAD": str(library)}) as worker:
                for op in OPS:
                    try:
                        blocks, most = worker("memory", peer.name, op, "float32", _MEMORY_SIZE)
                    except (Unsupported, RuntimeError, WorkerError):
                        continue
                    arrays = most / (4 * _MEMORY_SIZE)
                    found.append(Memory(peer.name, peer.label, op, blocks, arrays))
            on_step(f"memory, {peer.label}", share / len(chosen))
    return found, ""
