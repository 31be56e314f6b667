"""``mish plot``: a picture of the function and its derivative."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mish.cli.console import EXIT_USAGE, fail


def plot(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The picture to write, .png or .svg.")
    ],
    interval: Annotated[
        tuple[float, float], typer.Option("--range", metavar="A B", help="The ends of the x axis.")
    ] = (-6.0, 4.0),
    orders: Annotated[
        str, typer.Option(help="What to draw: 0 is the function, 1 its first derivative.")
    ] = "0,1",
    size: Annotated[
        tuple[float, float], typer.Option(metavar="W H", help="Width and height in inches.")
    ] = (7.0, 4.5),
) -> None:
    """Draw Mish and its first derivative into a file."""
    picture = output.suffix.lower().removeprefix(".")
    if picture not in {"png", "svg"}:
        fail(f"--output must end in .png or .svg: {output}", EXIT_USAGE)
    if not all(0.5 <= side <= 100 for side in size):
        fail(f"--size must be two numbers from 0.5 to 100, not {size[0]} {size[1]}", EXIT_USAGE)
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        fail("mish plot needs the 'plot' extra: pip install 'mish[plot]'", EXIT_USAGE)
    from mish._files import replacing
    from mish.plot import draw

    try:
        figure = Figure(figsize=size, layout="constrained")
        draw(_parse_orders(orders), interval, figure.subplots())
    except ValueError as problem:
        fail(str(problem), EXIT_USAGE)
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
