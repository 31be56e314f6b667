"""Sweeps of accuracy on the machine at hand, of mish or of a peer."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mish import _sweeps
from mish._sweeps import Errors, Function
from mish.bench import machine
from mish.bench.full import OnStep
from mish.bench.peers import MISH, OPS, Peer, Unsupported
from mish.bench.workers import Worker

ORDERS = tuple(_sweeps.UFUNCS)

BOUNDS = {"float32": 1.0, "float64": 2.0, "bfloat16": 0.5, "float16": 0.5}
"""What docs/accuracy.md promises of mish, in ulp."""

# Every 251st float32 (a prime, so that all low bits occur) and a million float64 take seconds.
_STEP = 251
_FEW, _MANY = 1 << 20, 10**8
# The judge of the 16-bit formats is off by up to 2**-42 of their ulp.
_SLACK = 2.0**-40

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
    if peer.name == MISH:
        yield from _sweeps_of(None, peer, dtypes, orders, exhaustive, on_step)
        return
    with Worker(peer.module, machine.cores()) as worker:
        yield from _sweeps_of(worker, peer, dtypes, orders, exhaustive, on_step)


def _sweeps_of(
    worker: Worker | None,
    peer: Peer,
    dtypes: Sequence[str],
    orders: Sequence[int],
    exhaustive: bool,
    on_step: OnStep,
) -> Iterator[Sweep]:
    for dtype in dtypes:
        for order in orders:
            title = f"{peer.label}, {dtype}, order {order}"
            on_step(title, 0)
            start = time.perf_counter()
            share = 1 / (len(dtypes) * len(orders))
            on_part = functools.partial(_scaled, on_step, title, share)
            inputs, found, note = "", None, ""
            try:
                function = _function(worker, peer, order)
                inputs, found = _sweep(function, worker is None, dtype, order, exhaustive, on_part)
            except (Unsupported, ModuleNotFoundError) as lack:
                note = str(lack)
            bound = BOUNDS[dtype] if worker is None else None
            yield Sweep(dtype, order, inputs, found, bound, time.perf_counter() - start, note)


def _scaled(on_step: OnStep, title: str, share: float, part: float) -> None:
    on_step(title, part * share)


def _sweep(
    function: Function, ours: bool, dtype: str, order: int, exhaustive: bool, on_part: OnPart
) -> tuple[str, Errors]:
    if dtype in ("float16", "bfloat16"):
        x = _sweeps.every_16_bit(dtype)
        found = _sweeps.judge(function(x), x, order)
        on_part(1)
        return "all", found
    hard = _sweeps.hard_inputs(dtype, order)
    parts = []
    if dtype == "float32":
        parts.append(_sweeps.judge(function(hard), hard, order))
        text, more = _float32(function, ours, order, exhaustive, on_part)
    else:
        text, more = _float64(ours, order, exhaustive, on_part)
        if _has_reference() or not more:
            parts.append(_sweeps.judge(function(hard), hard, order))
            text = f"{hard.size:,} hard" + (f", {text}" if text else "")
    return text, _sweeps.merge(parts + more)


def _float32(
    function: Function, ours: bool, order: int, exhaustive: bool, on_part: OnPart
) -> tuple[str, list[Errors]]:
    if exhaustive and ours:
        return "all", [_sweeps.float32(order, machine.cores(), on_part)]
    step = 1 if exhaustive else _STEP
    found = _sweeps.float32_of(function, order, step, on_part)
    return ("all" if exhaustive else f"hard, every {step}st"), [found]


def _float64(ours: bool, order: int, exhaustive: bool, on_part: OnPart) -> tuple[str, list[Errors]]:
    """Random inputs for mish alone; there is no fast judge of others' float64."""
    if not ours:
        on_part(1)
        return "", []
    count = _MANY if exhaustive else _FEW
    found = _sweeps.float64(count, machine.cores(), on_part)[order]
    return f"{found.count:,} random", [found]


def _function(worker: Worker | None, peer: Peer, order: int) -> Function:
    if worker is None:
        return _sweeps.UFUNCS[order]
    op = next((name for name, number in OPS.items() if number == order), None)
    if op is None:
        raise Unsupported(f"peers are not asked for order {order}")
    return functools.partial(worker, "compute", peer.name, op)


def _has_reference() -> bool:
    try:
        import flint  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True
