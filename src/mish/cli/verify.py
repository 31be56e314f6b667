"""``mish verify``: measure the accuracy on this machine, of mish or of a peer."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from mish.cli.console import (
    EXIT_REFUSED,
    EXIT_USAGE,
    choices,
    fail,
    print_json,
    progress_bar,
)
from mish.cli.tables import print_table

if TYPE_CHECKING:
    from mish._measure.peers import Peer
    from mish._measure.verify import Sweep


def verify(
    *,
    exhaustive: Annotated[
        bool,
        typer.Option("--exhaustive", help="All 2^32 float32 and 10^8 float64; takes minutes."),
    ] = False,
    dtype: Annotated[
        str, typer.Option(help="float32, float64, bfloat16, float16, some of them, or all.")
    ] = "all",
    order: Annotated[str, typer.Option(help="Which derivatives: of 0, 1, 2, 3, or all.")] = "all",
    peer: Annotated[
        str, typer.Option(help="Whose accuracy; `mish bench --list` shows the names.")
    ] = "mish",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure errors against the truth, and print the largest of each and where it is.

    Without --exhaustive: all numbers of the 16-bit formats, every 251st float32, a million random
    float64, and a fixed set of hard inputs. Leaves with exit code 1 if mish breaks its bound.
    """
    from mish._measure.verify import BOUNDS, ORDERS, sweeps
    from mish._measure.workers import WorkerError

    dtypes = choices(dtype, "--dtype", tuple(BOUNDS))
    orders = [int(each) for each in choices(order, "--order", tuple(map(str, ORDERS)))]
    chosen = _peer(peer)
    try:
        with progress_bar() as step:
            found = list(sweeps(chosen, dtypes, orders, exhaustive, step))
    except (RuntimeError, WorkerError) as failure:
        fail(f"--peer {peer}: {failure}", EXIT_USAGE)
    if as_json:
        print_json(_facts(chosen, found))
    else:
        _print_table(chosen, found)
    for sweep in found:
        if not sweep.holds:
            fail(f"{sweep.dtype}, order {sweep.order}: the bound is broken", EXIT_REFUSED)


def _peer(name: str) -> Peer:
    from mish._measure.peers import COPY, select

    try:
        (chosen,) = select([name])
    except ValueError as problem:
        fail(f"--peer: {problem}", EXIT_USAGE)
    if name == COPY:
        fail("--peer: a copy of the array is not Mish", EXIT_USAGE)
    if lacks := chosen.missing():
        fail(f"--peer {name}: {' and '.join(lacks)} not installed", EXIT_USAGE)
    return chosen


def _print_table(peer: Peer, found: list[Sweep]) -> None:
    table = Table(title=f"Accuracy of {peer.label}", title_justify="left", box=SIMPLE_HEAD)
    for head in ("format", "order"):
        table.add_column(head, no_wrap=True)
    table.add_column("inputs", overflow="fold")
    for head in ("worst ulp", "at", "bound", "NaN, ∞"):
        table.add_column(head, justify="right", no_wrap=True)
    for sweep in found:
        errors = sweep.errors
        if errors is None:
            table.add_row(sweep.dtype, str(sweep.order), f"none: {sweep.note}")
            continue
        table.add_row(
            sweep.dtype,
            str(sweep.order),
            sweep.inputs,
            f"{errors.worst:.6f}" if errors.worst < 1e6 else f"{errors.worst:.2e}",
            "" if math.isnan(errors.at) else f"{errors.at:.9g}",
            "" if sweep.bound is None else f"{sweep.bound:g}",
            str(errors.specials),
            style="" if sweep.holds else "bold red",
        )
    print_table(table, keys=2)


def _facts(peer: Peer, found: list[Sweep]) -> dict[str, object]:
    from mish._measure import machine

    return {
        "peer": peer.name,
        "machine": machine.facts(peer.packages),
        "sweeps": [
            dataclasses.asdict(sweep)
            | {
                "at": sweep.errors.at.hex() if sweep.errors else None,
                "holds": sweep.holds,
            }
            for sweep in found
        ],
    }
