"""Peers in their processes, timed in turn at one case after another."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from mish._measure import timing
from mish._measure.peers import COPY, MISH, RESULTS, Peer, Unsupported, select
from mish._measure.timing import Timing
from mish._measure.workers import Worker, WorkerError
from mish._truth.formats import as_dtype
from mish._truth.sweeps import Errors
from mish.bench.results import Absent, Case, Row

_ARRAYS_A_PEER = 2

_Key: TypeAlias = "tuple[str, str]"
"""The name of a peer and where its results go."""


class PeerProcesses:
    """The peers that are installed, each module in a process of its own.

    Attributes:
        peers: Those that take part. mish and the copy always do, for the ratios.
        missing: Those that are not installed.
        threads: How many threads each may use.
    """

    def __init__(self, peers: Iterable[Peer], threads: int = 1) -> None:
        """Start no process yet; each starts when it is first needed."""
        wanted = {peer.name for peer in peers} | {COPY, MISH}
        chosen = select(sorted(wanted))
        self.threads = threads
        self.missing = [
            Absent(peer.name, peer.label, f"{' and '.join(lacks)} not installed")
            for peer in chosen
            if (lacks := peer.missing())
        ]
        absent = {each.peer for each in self.missing}
        self.peers = [peer for peer in chosen if peer.name not in absent]
        self._workers: dict[str, Worker] = {}
        self._failed: dict[str, str] = {}
        self._errors: dict[tuple[str, str, str], Errors] = {}

    def __enter__(self) -> PeerProcesses:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self._workers.values():
            worker.close()

    def case(
        self,
        op: str,
        dtype: str,
        size: int,
        *,
        sigma: float = 1.0,
        result: str = "given",
        rounds: int = timing.ROUNDS,
        seconds: float = float("inf"),
        errors: bool = True,
        on_lap: Callable[[float], object] = lambda share: None,
    ) -> Case:
        """Time everybody at one task, in turn, and measure their errors.

        A peer whose process ends is listed as absent, and the others begin anew.

        Args:
            op: what to compute, a key of ``peers.OPS``.
            dtype: the format.
            size: how many elements.
            sigma: the standard deviation of the inputs.
            result: where results go, a key of ``peers.RESULTS``.
            rounds: how many laps each does.
            seconds: the time after which no new round begins.
            errors: whether to measure them.
            on_lap: called after each lap with its share of the case.

        Raises:
            ValueError: there is not enough memory for this size.
            WorkerError: the process of mish or of the copy ended.
        """
        self._check_memory(dtype, size, RESULTS[result])
        while True:
            try:
                ready, absent = self._prepare(op, dtype, size, sigma, RESULTS[result])
                laps = {
                    key: functools.partial(self._ask, peer, "lap", key[1]) for key, peer in ready
                }
                share = 1 / (rounds * len(ready))
                found = timing.alternate(
                    laps, rounds, on_lap=functools.partial(on_lap, share), seconds=seconds
                )
                released = [worker("release") for worker in self._workers.values()]
                judged = [self._judge(peer, op, dtype) if errors else None for _, peer in ready]
            except WorkerError as end:
                if end.module == select([MISH])[0].module:
                    raise
                self._bury(end)
                continue
            ours, copy = ((name, RESULTS[result][0]) for name in (MISH, COPY))
            rows = [
                _row(peer, key[1], found[key], found[ours], found[copy], each)
                for (key, peer), each in zip(ready, judged, strict=True)
            ]
            rows.sort(key=lambda row: row.seconds)
            hits = sum(hit for _, hit in released) / max(1, sum(count for count, _ in released))
            done = len(found[ours].laps)
            return Case(op, dtype, size, self.threads, done, rows, absent, hits, sigma, result)

    def _prepare(
        self, op: str, dtype: str, size: int, sigma: float, ways: tuple[str, ...]
    ) -> tuple[list[tuple[_Key, Peer]], list[Absent]]:
        """Make everybody ready: who is, with where results go, and who is not."""
        ready: dict[_Key, Peer] = {}
        absent: dict[str, Absent] = {}
        for peer, way in itertools.product(self.peers, ways):
            if (peer.name, way) in ready or peer.name in absent:
                continue
            try:
                ready[peer.name, self._ask(peer, "prepare", op, dtype, size, sigma, way)] = peer
            except Unsupported as lack:
                absent[peer.name] = Absent(peer.name, peer.label, str(lack))
            except RuntimeError as failure:
                reason = f"failed: {str(failure).splitlines()[0]}"
                absent[peer.name] = Absent(peer.name, peer.label, reason, failed=True)
        return list(ready.items()), list(absent.values())

    def _judge(self, peer: Peer, op: str, dtype: str) -> Errors | None:
        if peer.name == COPY:
            return None
        key = (peer.name, op, dtype)
        if key not in self._errors:
            # float64 takes python-flint; without it the error stays unknown
            with suppress(ModuleNotFoundError):
                self._errors[key] = self._ask(peer, "errors", op, dtype)
        return self._errors.get(key)

    def _ask(self, peer: Peer, method: str, *arguments: object) -> Any:
        if peer.module in self._failed:
            raise RuntimeError(self._failed[peer.module])
        if peer.module not in self._workers:
            try:
                self._workers[peer.module] = Worker(peer.module, self.threads)
            except (ModuleNotFoundError, RuntimeError) as failure:
                self._failed[peer.module] = str(failure)
                raise RuntimeError(str(failure)) from failure
        return self._workers[peer.module](method, peer.name, *arguments)

    def _bury(self, end: WorkerError) -> None:
        self._failed[end.module] = end.reason
        if end.module in self._workers:
            self._workers.pop(end.module).close()

    def _check_memory(self, dtype: str, size: int, ways: tuple[str, ...]) -> None:
        arrays = _ARRAYS_A_PEER * len(self.peers) * len(ways)
        needed = size * as_dtype(dtype).itemsize * arrays
        available = _available_memory()
        if available is not None and needed > available:
            raise ValueError(
                f"{size} elements of {dtype} need about {needed / 2**30:.1f} GiB for "
                f"{len(self.peers)} peers; {available / 2**30:.1f} GiB are available. "
                "Choose a smaller size or fewer peers"
            )


def _row(
    peer: Peer, result: str, mine: Timing, ours: Timing, copy: Timing, errors: Errors | None
) -> Row:
    ratio, copies = mine.ratio_to(ours), mine.ratio_to(copy)
    worst, at, specials = (
        (errors.worst, errors.at, errors.specials) if errors else (None, None, None)
    )
    return Row(
        peer.name,
        peer.label,
        peer.ours,
        mine.median,
        mine.spread,
        mine.repeat,
        ratio.median,
        ratio.spread,
        copies.median,
        copies.spread,
        worst,
        at,
        specials,
        result,
    )


def _available_memory() -> int | None:
    about = Path("/proc/meminfo")
    if not about.exists():
        return None
    lines = dict(line.split(":") for line in about.read_text(encoding="utf-8").splitlines())
    return int(lines["MemAvailable"].split()[0]) << 10
