"""``mish bench``: time Mish and every peer that is installed, in turn."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mish._support.extras import needs
from mish.cli.console import (
    EXIT_USAGE,
    choices,
    fail,
    out,
    print_json,
    progress_bar,
    require_writable,
)
from mish.cli.tables import print_table

if TYPE_CHECKING:
    from mish._measure.peers import Peer
    from mish.bench.results import Results

_LARGEST = 1 << 40


def bench(
    *,
    op: Annotated[
        str, typer.Option(metavar="forward|backward|d2|all", help="What to compute.")
    ] = "forward",
    dtype: Annotated[
        str, typer.Option(help="float32, float64, bfloat16, float16, some of them, or all.")
    ] = "float32",
    size: Annotated[
        str,
        typer.Option(help="How many elements; some with commas between, or from..to by fours."),
    ] = "2^20",
    sigma: Annotated[
        str,
        typer.Option(help="The standard deviation of the inputs; some with commas between."),
    ] = "1",
    result: Annotated[
        str,
        typer.Option(
            metavar="given|new|both",
            help="Where results go: into an array that is there, where the peer can do that,"
            " or into new memory.",
        ),
    ] = "given",
    threads: Annotated[int, typer.Option(min=1, help="How many threads each may use.")] = 1,
    peers: Annotated[
        str | None,
        typer.Option(help="Whom to time, with commas between.", show_default="all installed"),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How many laps each does.")] = 21,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the figures too, as JSON."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw a .png or .svg: bars, or curves if there are several sizes."),
    ] = None,
    full: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Measure everything, in about ten minutes, and write the results files here.",
        ),
    ] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="Show the peers and what is missing, and exit.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time Mish and its peers in turn, and measure their errors.

    Each peer runs in a process of its ecosystem, on as many CPUs as it has threads. In each round
    everyone does one lap, in random order. The table shows medians; ± is half the distance between
    the quartiles, × the median of the ratios within each round, "worst ulp" the largest error over
    a fixed set of hard inputs, and "NaN, ∞" how many results there are so and should not be, or the
    other way round.
    """
    from mish._measure.peers import DTYPES, OPS, RESULTS

    chosen = _peers(peers)
    if show_list:
        _show_list(chosen, as_json)
        return
    if full is not None:
        _run_full(chosen, full, _full_command(peers), as_json)
        return
    ops = choices(op, "--op", tuple(OPS))
    dtypes = choices(dtype, "--dtype", DTYPES)
    sizes, sigmas = _sizes(size), _sigmas(sigma)
    if result not in RESULTS:
        fail(f"--result must be {', '.join(RESULTS)}, not {result!r}", EXIT_USAGE)
    if output is not None:
        require_writable(output)
    if plot is not None:
        _require_picture(plot)
    wanted = list(itertools.product(ops, dtypes, sizes, sigmas))
    results = _run(chosen, wanted, result, threads, rounds)
    _show(results, as_json)
    if output is not None:
        _write(output, results.to_json())
    if plot is not None:
        from mish.bench import plots

        try:
            plots.draw(results, plot)
        except OSError as problem:
            fail(f"cannot write {plot}: {problem.strerror}", EXIT_USAGE)


def _run(
    chosen: list[Peer],
    wanted: list[tuple[str, str, int, float]],
    result: str,
    threads: int,
    rounds: int,
) -> Results:
    from mish._measure import machine
    from mish._measure.workers import WorkerError
    from mish._support.cpus import allowed_cpus
    from mish.bench.peer_processes import PeerProcesses
    from mish.bench.results import Results

    if threads > allowed_cpus():
        fail(f"--threads {threads}: this process may use {allowed_cpus()} CPUs", EXIT_USAGE)
    facts = machine.facts(dict.fromkeys(name for peer in chosen for name in peer.packages))
    cases = []
    with progress_bar() as step, PeerProcesses(chosen, threads) as processes:
        for op, dtype, size, sigma in wanted:
            title = f"{op}, {dtype}, {size:,} elements, σ = {sigma:g}"
            step(title, 0)
            try:
                cases.append(
                    processes.case(
                        op,
                        dtype,
                        size,
                        sigma=sigma,
                        result=result,
                        rounds=rounds,
                        on_lap=lambda share, title=title: step(title, share / len(wanted)),  # type: ignore[misc]
                    )
                )
            except (ValueError, WorkerError) as problem:
                fail(str(problem), EXIT_USAGE)
    return Results(_command(), facts, processes.missing, cases)


def _run_full(chosen: list[Peer], folder: Path, command: str, as_json: bool) -> None:
    """Write JSON, the page and both pictures once all is measured."""
    from mish._measure import machine
    from mish._measure.workers import WorkerError
    from mish.bench import full_run, page, plots

    name = machine.slug()
    require_writable(folder / f"{name}.json")
    _require_picture(folder / f"{name}-bars.png")
    with progress_bar() as step:
        try:
            results = full_run.run(chosen, command, step)
        except (ValueError, WorkerError) as problem:
            fail(str(problem), EXIT_USAGE)
    _write(folder / f"{name}.json", results.to_json())
    _write(folder / f"{name}.md", page.page(results, name))
    try:
        plots.save_full(results, folder, name)
    except OSError as problem:
        fail(f"cannot write the pictures into {folder}: {problem.strerror}", EXIT_USAGE)
    _show(results, as_json)
    if as_json:
        return
    for file in sorted(folder.glob(f"{name}*")):
        out.print(f"wrote {file}", markup=False, highlight=False, soft_wrap=True)


def _show(results: Results, as_json: bool) -> None:
    from mish._measure import machine
    from mish.bench import report

    if as_json:
        print_json(results.as_dict())
        return
    for case in results.cases:
        print_table(report.table(case))
        if lacks := report.lacking(case):
            out.print(lacks, markup=False, highlight=False)
    lines = [report.RATIOS, *report.beaten(results), *report.notes(results)]
    for line in [*lines, machine.summary(results.machine)]:
        out.print(line, markup=False, highlight=False)


def _show_list(chosen: list[Peer], as_json: bool) -> None:
    if as_json:
        shown = [
            {"name": peer.name, "label": peer.label, "missing": peer.missing()} for peer in chosen
        ]
        print_json({"peers": shown})
        return
    for peer in chosen:
        lacks = peer.missing()
        state = f"missing: {' and '.join(lacks)} not installed" if lacks else "installed"
        out.print(
            f"{peer.name:22}{peer.label:36}{state}", markup=False, highlight=False, soft_wrap=True
        )


def _peers(names: str | None) -> list[Peer]:
    from mish._measure.peers import select

    try:
        return select(None if names is None else [name.strip() for name in names.split(",")])
    except ValueError as problem:
        fail(f"--peers: {problem}", EXIT_USAGE)


def _sizes(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        ends = [_number(end) for end in part.split("..")]
        if len(ends) > 2 or ends != sorted(ends):
            fail(f"--size: {part!r} is no range from..to", EXIT_USAGE)
        size = ends[0]
        while size <= ends[-1]:
            found.append(size)
            size *= 4
    return sorted(set(found))


def _sigmas(text: str) -> list[float]:
    found = []
    for part in text.split(","):
        with contextlib.suppress(ValueError):
            found.append(float(part))
            if 0 < found[-1] < math.inf:
                continue
        fail(f"--sigma must be positive numbers, such as 1 or 0.5,3, not {part!r}", EXIT_USAGE)
    return sorted(set(found))


def _number(text: str) -> int:
    power = re.fullmatch(r"\s*2(?:\^|\*\*)(\d{1,2})\s*", text)
    plain = text.replace("_", "").strip()
    number = 1 << int(power[1]) if power else int(plain) if plain.isdecimal() else 0
    if not 1 <= number <= _LARGEST:
        fail(
            f"--size must be numbers from 1 to 2^40, such as 1000 or 2^20, not {text!r}",
            EXIT_USAGE,
        )
    return number


def _require_picture(path: Path) -> None:
    if path.suffix.lower() not in {".png", ".svg"}:
        fail(f"--plot must end in .png or .svg: {path}", EXIT_USAGE)
    require_writable(path)
    with needs("plot", "drawing results"):
        import matplotlib  # noqa: F401


def _write(path: Path, text: str) -> None:
    from mish._support.files import replacing

    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as problem:
        fail(f"cannot write {path}: {problem.strerror}", EXIT_USAGE)


def _command() -> str:
    return shlex.join(["mish", *sys.argv[1:]])


def _full_command(peers: str | None) -> str:
    """The same wherever the files go."""
    return "mish bench --full FOLDER" + (f" --peers {shlex.quote(peers)}" if peers else "")
