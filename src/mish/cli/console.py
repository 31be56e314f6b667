"""What every command shares: the two output streams, exit codes, and how a command fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from mish._support.drafts import destination
from mish._support.files import is_stream
from mish._support.json_text import json_text

EXIT_OK = 0
EXIT_REFUSED = 1  # the work was done, its result was not good enough to write
EXIT_USAGE = 2  # bad arguments or an unusable input file; Click's own code for them
EXIT_NOTHING = 3  # all is well, but there was nothing to do, so nothing was written

out = Console(emoji=False)
"""Results, on standard output."""

err = Console(stderr=True, emoji=False)
"""Messages for people, on standard error."""


_awaits_json = ContextVar("_awaits_json", default=False)


def expect_json(wanted: bool) -> None:
    """Say whether whoever started the command reads one JSON object from standard output."""
    _awaits_json.set(wanted)


def answer_error(message: str) -> None:
    """Print an error as the JSON object that is waited for, if one is and none was printed."""
    if _awaits_json.get():
        print_json({"error": message})


def fail(message: str, code: int) -> NoReturn:
    """Print ``message`` on standard error and leave with exit code ``code``.

    With --json it is on standard output too, unless the results are there already.
    """
    answer_error(message)
    err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


def require_writable(path: Path) -> None:
    """Fail now rather than after the work if ``path`` cannot be written."""
    if path.is_dir():
        fail(f"cannot write {path}: it is a directory", EXIT_USAGE)
    if is_stream(path):
        if not os.access(path, os.W_OK):
            fail(f"cannot write {path}: no permission", EXIT_USAGE)
        return
    try:
        folder = destination(path).parent
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}", EXIT_USAGE)
    if not folder.is_dir():
        fail(f"cannot write {path}: there is no directory {folder}", EXIT_USAGE)
    if not os.access(folder, os.W_OK):
        fail(f"cannot write {path}: no permission in {folder}", EXIT_USAGE)


def choices(text: str, option: str, known: Sequence[str]) -> list[str]:
    """Split what was given to an option into some of the known words; ``all`` means every one."""
    if text == "all":
        return list(known)
    found = [part.strip() for part in text.split(",")]
    for part in found:
        if part not in known:
            fail(f"{option} must be of {', '.join(known)}, or all, not {part!r}", EXIT_USAGE)
    return found


@contextmanager
def display(progress: Progress) -> Iterator[Progress]:
    """Show ``progress`` while the block runs; one that is disabled writes nothing at all.

    rich before 14.3 ends a disabled one with an empty line.
    """
    if progress.disable:
        yield progress
        return
    with progress:
        yield progress


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """Show a bar on standard error, if that is a terminal.

    Yields:
        What to call with a description and the share of the whole that was done since.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bars = Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
    with display(bars) as progress:
        bar = progress.add_task("starting", total=1.0)

        def step(description: str, share: float) -> None:
            progress.update(bar, description=description, advance=share)

        yield step


def print_json(data: Mapping[str, object]) -> None:
    """Print ``data`` as one JSON object on standard output.

    JSON has no NaN and no infinity: both become ``null``.
    """
    expect_json(False)
    typer.echo(json_text(data, indent=2))
