"""Sweeps of accuracy on the machine at hand, of mish or of a peer."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mish._measure.peers import MISH, OPS, Peer, Unsupported
from mish._measure.workers import Worker
from mish._support.cpus import allowed_cpus
from mish._truth import sweeps as _sweeps
from mish._truth.sweeps import Errors, Function

ORDERS = tuple(_sweeps.UFUNCS)

BOUNDS = {"float32": 1.0, "float64": 2.0, "bfloat16": 0.5, "float16": 0.5}
"""What docs/accuracy.md promises of mish, in ulp."""

# Every 251st float32 (a prime, so that all low bits occur) and a million float64 take seconds.
_STEP = 251
_FEW, _MANY = 1 << 20, 10**8
# The judge of the 16-bit formats is off by up to 2**-42 of their ulp.
_SLACK = 2.0**-40

OnStep = Callable[[str, float], object]
"""Told what is being done and which share of the whole was done since it was last called."""
OnPart = Callable[[float], object]


@dataclass(frozen=True)
class Sweep:
    """What a sweep found, or why there was none.

    Attributes:
        dtype: The format.
        order: Which derivative.
        inputs: Which inputs were tried; empty if none were.
        errors: What was found.
        bound: The promised bound in ulp; None for peers.
        seconds: How long it took.
        note: Why there was none.
    """

    dtype: str
    order: int
    inputs: str
    errors: Errors | None
    bound: float | None
    seconds: float
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bound holds, if one is promised."""
        if self.bound is None or self.errors is None:
            return True
        return self.errors.specials == 0 and self.errors.worst <= self.bound + _SLACK


def sweeps(
    peer: Peer,
    dtypes: Sequence[str],
    orders: Sequence[int],
    exhaustive: bool = False,
    on_step: OnStep = lambda title, share: None,
) -> Iterator[Sweep]:
    """Sweep formats and orders one after the other.

    Args:
        peer: whose accuracy; it is installed.
        dtypes: formats, of the keys of ``BOUNDS``.
        orders: derivatives, from 0 to 3.
        exhaustive: all float32, which takes minutes, and of mish 10**8 float64.
        on_step: for a progress bar.

    Raises:
        ModuleNotFoundError, RuntimeError: the peer cannot be imported, or it failed.
        WorkerError: the peer's process ended.
    """
    worker = None if peer.name == MISH else Worker(peer.module, allowed_cpus())
    share = 1 / (len(dtypes) * len(orders))
    with worker or contextlib.nullcontext():
        sweeper = _Sweeper(worker, peer, exhaustive)
        for dtype in dtypes:
            for order in orders:
                title = f"{peer.label}, {dtype}, order {order}"
                on_step(title, 0)
                yield sweeper(dtype, order, functools.partial(_scaled, on_step, title, share))


def _scaled(on_step: OnStep, title: str, share: float, part: float) -> None:
    on_step(title, part * share)


class _Sweeper:
    """Sweeps a peer that lives in a worker's process, or mish if there is no worker."""

    def __init__(self, worker: Worker | None, peer: Peer, exhaustive: bool) -> None:
        self._worker = worker
        self._peer = peer
        self._exhaustive = exhaustive
        self._random_float64: list[Errors] = []  # one sweep finds all orders

    def __call__(self, dtype: str, order: int, on_part: OnPart) -> Sweep:
        start = time.perf_counter()
        inputs, found, note = "", None, ""
        try:
            function = self._function(order)
            if dtype == "float32":
                inputs, found = self._float32(function, order, on_part)
            elif dtype == "float64":
                inputs, found = self._float64(function, order, on_part)
            else:
                x = _sweeps.every_16_bit(dtype)
                inputs, found = "all", _sweeps.judge(function(x), x, order)
                on_part(1)
        except (Unsupported, ModuleNotFoundError) as lack:
            note = str(lack)
        bound = None if self._worker else BOUNDS[dtype]
        return Sweep(dtype, order, inputs, found, bound, time.perf_counter() - start, note)

    def _function(self, order: int) -> Function:
        if self._worker is None:
            return _sweeps.UFUNCS[order]
        op = next((name for name, number in OPS.items() if number == order), None)
        if op is None:
            raise Unsupported(f"peers are not asked for order {order}")
        return functools.partial(self._worker, "compute", self._peer.name, op)

    def _float32(self, function: Function, order: int, on_part: OnPart) -> tuple[str, Errors]:
        if not self._exhaustive:
            hard = _sweeps.hard_inputs("float32", order)
            first = _sweeps.judge(function(hard), hard, order)
            rest = _sweeps.float32_of(function, order, _STEP, on_part)
            return f"hard, every {_STEP}st", _sweeps.merge([first, rest])
        if self._worker is None:
            return "all", _sweeps.float32(order, allowed_cpus(), on_part)
        return "all", _sweeps.float32_of(function, order, 1, on_part)

    def _float64(self, function: Function, order: int, on_part: OnPart) -> tuple[str, Errors]:
        """Judge random inputs of mish alone: there is no fast judge of others' float64."""
        parts, texts = [], []
        if self._worker is None:
            count = _MANY if self._exhaustive else _FEW
            if not self._random_float64:
                self._random_float64 = _sweeps.float64(count, allowed_cpus(), on_part)
            parts.append(self._random_float64[order])
            texts.append(f"{parts[0].count:,} random")
        if self._worker is not None or _has_reference():
            hard = _sweeps.hard_inputs("float64", order)
            parts.append(_sweeps.judge(function(hard), hard, order))
            texts.append(f"{hard.size:,} hard")
        return ", ".join(texts), _sweeps.merge(parts)


def _has_reference() -> bool:
    try:
        import flint  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True
