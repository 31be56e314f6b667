"""``mish plot``: a picture of the function, its derivatives and other activations."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from mish._support.extras import needs
from mish.cli.console import EXIT_USAGE, fail, out

_FORMATS = ("png", "svg", "pdf")
_SMALLEST, _LARGEST = 2, 50  # inches: room for the axes' own numbers; 7500 pixels


def plot(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The picture to write, .png, .svg or .pdf."),
    ] = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Draw here instead of into a file.")
    ] = False,
    interval: Annotated[
        tuple[float, float], typer.Option("--range", metavar="A B", help="The ends of the x axis.")
    ] = (-6.0, 4.0),
    orders: Annotated[
        str, typer.Option(help="Which derivatives, with commas between; 0 is the function.")
    ] = "0,1",
    against: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Other activations: silu, gelu, gelu_tanh, softplus, elu, hard_swish, relu.",
        ),
    ] = "",
    marks: Annotated[
        str, typer.Option(help="What to mark: extrema, zeros, inflections, or none.")
    ] = "extrema,zeros,inflections",
    theme: Annotated[str, typer.Option(help="light, dark or print.")] = "light",
    size: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="W H",
            help="Width and height in inches; with --terminal in columns and lines.",
            show_default="7 4.5; the terminal's width and 24",
        ),
    ] = None,
) -> None:
    """Draw Mish and its derivatives into a file, or in the terminal.

    Extrema, zeros and inflections are marked where they are proved to be.
    """
    if terminal == (output is not None):
        fail("give either --output or --terminal", EXIT_USAGE)
    try:
        which = _parse_orders(orders)
        others = [name.strip() for name in against.split(",") if name.strip()]
        kinds = [] if marks == "none" else [kind.strip() for kind in marks.split(",")]
        if output is None:
            from mish.plot import draw_text

            columns, lines = size or (out.width, 24)
            if not math.isfinite(columns + lines):
                fail(f"--size must be two numbers, not {columns} {lines}", EXIT_USAGE)
            out.print(
                draw_text(
                    which, interval, against=others, marks=kinds, size=(int(columns), int(lines))
                )
            )
        else:
            _write(output, which, interval, others, kinds, theme, size or (7.0, 4.5))
    except ValueError as problem:
        fail(str(problem), EXIT_USAGE)


def _write(
    output: Path,
    orders: list[int],
    interval: tuple[float, float],
    against: list[str],
    marks: list[str],
    theme: str,
    size: tuple[float, float],
) -> None:
    picture = output.suffix.lower().removeprefix(".")
    if picture not in _FORMATS:
        fail(f"--output must end in .png, .svg or .pdf: {output}", EXIT_USAGE)
    if not all(_SMALLEST <= side <= _LARGEST for side in size):
        fail(
            f"--size must be two numbers from {_SMALLEST} to {_LARGEST}, not {size[0]} {size[1]}",
            EXIT_USAGE,
        )
    with needs("plot", "mish plot"):
        from matplotlib.figure import Figure

    from mish._support.files import replacing
    from mish.plot import draw

    figure = Figure(figsize=size, layout="constrained")
    draw(orders, interval, figure.subplots(), against=against, marks=marks, theme=theme)
    try:
        with replacing(output) as file:
            figure.savefig(file, format=picture, dpi=150)
    except OSError as problem:
        fail(f"cannot write {output}: {problem.strerror}", EXIT_USAGE)
    typer.echo(output)


def _parse_orders(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--orders must be numbers with commas between, not {text!r}") from None
