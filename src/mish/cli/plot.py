"""``mish plot``: pictures of the function, its derivatives and other activations, and a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Protocol

import typer

from mish._support.extras import needs
from mish.cli.console import EXIT_USAGE, fail, out

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.text import Text

_UNDATED: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
_FORMATS = tuple(_UNDATED)
_SMALLEST, _LARGEST = 2, 50  # inches: room for the axes' own numbers; 7500 pixels


def plot(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="The file to write: .png, .svg or .pdf; of a page, .html."
        ),
    ] = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Draw here instead of into a file.")
    ] = False,
    error: Annotated[
        bool, typer.Option("--error", help="Draw errors in ulp over x, below the function.")
    ] = False,
    plane: Annotated[
        bool, typer.Option("--complex", help="Colour the complex plane, with poles and zeros.")
    ] = False,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Make a page for a browser, in one file.")
    ] = False,
    interval: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--range",
            metavar="A B",
            help="The ends of the x axis.",
            show_default="-6 4; with --error -30 20, with --complex -8 8",
        ),
    ] = None,
    imaginary: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="A B", help="With --complex: the other axis.", show_default="as --range"
        ),
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            help="Which derivatives, with commas between; 0 is the function.", show_default="0,1"
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Other activations: silu, gelu, gelu_tanh, softplus, elu, hard_swish, relu.",
        ),
    ] = None,
    marks: Annotated[
        str | None,
        typer.Option(
            help="What to mark: extrema, zeros, inflections, or none.", show_default="all"
        ),
    ] = None,
    peer: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="With --error or --interactive: whose errors beside ours; `mish bench --list` "
            "shows the names.",
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="With --error or --interactive: float32, float64, bfloat16 or float16.",
            show_default="float32",
        ),
    ] = None,
    order: Annotated[
        int | None, typer.Option(help="With --error: which derivative, 0 to 3.", show_default="0")
    ] = None,
    theme: Annotated[
        str | None, typer.Option(help="light, dark or print.", show_default="light")
    ] = None,
    size: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="W H",
            help="Width and height in inches; with --terminal in columns and lines.",
            show_default="7 4.5, 7 6 or 6 6; the terminal's width and 24",
        ),
    ] = None,
) -> None:
    """Draw Mish and its derivatives into a file, or in the terminal.

    Extrema, zeros and inflections are marked where they are proved to be.

    With --error: how far this package's results, and those of peers, are from the exact value, the
    worst in each bin of x, with the bound that this package keeps. With --complex: the function
    over the complex plane. With --interactive: a page on which a point is moved along the curves,
    with the errors, the inverse and the formulas; it needs no network.
    """
    if terminal == (output is not None):
        fail("give either --output or --terminal", EXIT_USAGE)
    if error + plane + interactive > 1:
        fail("give one of --error, --complex and --interactive", EXIT_USAGE)
    curves_alone = {"--orders": orders, "--against": against, "--marks": marks}
    measured = {"--peer": peer, "--dtype": dtype}
    drawn = {"--range": interval, "--theme": theme, "--size": size}
    _refuse(
        curves_alone,
        "does not go with --error, --complex or --interactive",
        error or plane or interactive,
    )
    _refuse(measured, "belongs to --error or --interactive", not (error or interactive))
    _refuse({"--order": order}, "belongs to --error", not error)
    _refuse({"--imaginary": imaginary}, "belongs to --complex", not plane)
    _refuse(drawn, "does not go with --interactive", interactive)
    try:
        if interactive:
            _write_page(output, _words(peer), dtype or "float32")
            return
        if error:
            picture: _Picture = _Errors(
                _words(peer), dtype or "float32", order or 0, interval or (-30.0, 20.0)
            )
        elif plane:
            ends = interval or (-8.0, 8.0)
            picture = _Plane(ends, imaginary or ends)
        else:
            picture = _Curves(
                _parse_orders(orders or "0,1"),
                interval or (-6.0, 4.0),
                _words(against),
                _parse_marks(marks),
            )
        if output is None:
            _print(picture, size)
        else:
            _write(output, picture, theme or "light", size or picture.inches)
    except ValueError as problem:
        fail(str(problem), EXIT_USAGE)


class _Picture(Protocol):
    """What can be drawn, and how."""

    @property
    def inches(self) -> tuple[float, float]: ...

    def draw(self, figure: Figure, theme: str) -> object: ...

    def text(self, size: tuple[int, int]) -> Text: ...


@dataclass(frozen=True)
class _Curves:
    orders: list[int]
    interval: tuple[float, float]
    against: list[str]
    marks: list[str]
    inches: tuple[float, float] = (7.0, 4.5)

    def draw(self, figure: Figure, theme: str) -> object:
        from mish.plot import draw

        options = {"against": self.against, "marks": self.marks}
        return draw(self.orders, self.interval, figure.subplots(), theme=theme, **options)

    def text(self, size: tuple[int, int]) -> Text:
        from mish.plot import draw_text

        return draw_text(
            self.orders, self.interval, against=self.against, marks=self.marks, size=size
        )


@dataclass(frozen=True)
class _Errors:
    peers: list[str]
    dtype: str
    order: int
    interval: tuple[float, float]
    inches: tuple[float, float] = (7.0, 6.0)

    def draw(self, figure: Figure, theme: str) -> object:
        from mish.plot import draw_errors

        return draw_errors(self.peers, self.dtype, self.order, self.interval, figure, theme=theme)

    def text(self, size: tuple[int, int]) -> Text:
        from mish.plot import draw_errors_text

        return draw_errors_text(self.peers, self.dtype, self.order, self.interval, size=size)


@dataclass(frozen=True)
class _Plane:
    real: tuple[float, float]
    imaginary: tuple[float, float]
    inches: tuple[float, float] = (6.0, 6.0)

    def draw(self, figure: Figure, theme: str) -> object:
        from mish.plot import draw_complex

        return draw_complex(self.real, self.imaginary, figure.subplots(), theme=theme)

    def text(self, size: tuple[int, int]) -> Text:
        raise ValueError("--complex needs colours that a terminal may lack: give --output")


def _print(picture: _Picture, size: tuple[float, float] | None) -> None:
    columns, lines = size or (out.width, 24)
    if not math.isfinite(columns + lines):
        fail(f"--size must be two numbers, not {columns} {lines}", EXIT_USAGE)
    out.print(picture.text((int(columns), int(lines))))


def _write(output: Path, picture: _Picture, theme: str, size: tuple[float, float]) -> None:
    form = output.suffix.lower().removeprefix(".")
    if form not in _FORMATS:
        fail(f"--output must end in .png, .svg or .pdf: {output}", EXIT_USAGE)
    if not all(_SMALLEST <= side <= _LARGEST for side in size):
        fail(
            f"--size must be two numbers from {_SMALLEST} to {_LARGEST}, not {size[0]} {size[1]}",
            EXIT_USAGE,
        )
    with needs("plot", "mish plot"):
        import matplotlib
        from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    picture.draw(figure, theme)
    # the same picture is the same file: no date, no random names
    with _file(output) as file, matplotlib.rc_context({"svg.hashsalt": "mish"}):
        figure.savefig(file, format=form, dpi=150, metadata=_UNDATED[form])


def _write_page(output: Path | None, peers: list[str], dtype: str) -> None:
    if output is None:
        fail("--interactive is for a browser: give --output", EXIT_USAGE)
    if output.suffix.lower() != ".html":
        fail(f"--output must end in .html with --interactive: {output}", EXIT_USAGE)
    from mish.plot import interactive_page

    page = interactive_page(peers, dtype)
    with _file(output) as file:
        file.write(page.encode())


@contextmanager
def _file(output: Path) -> Iterator[BinaryIO]:
    """Open what is written, and tell its name when it is."""
    from mish._support.files import replacing

    try:
        with replacing(output) as file:
            yield file
    except OSError as problem:
        fail(f"cannot write {output}: {problem.strerror}", EXIT_USAGE)
    typer.echo(output)


def _refuse(given: Mapping[str, object], why: str, wrong: bool) -> None:
    """Fail if an option was given that the picture does not have."""
    for option, value in given.items():
        if wrong and value is not None:
            fail(f"{option} {why}", EXIT_USAGE)


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _parse_marks(text: str | None) -> list[str]:
    if text is None:
        return ["extrema", "zeros", "inflections"]
    return [] if text == "none" else [kind.strip() for kind in text.split(",")]


def _parse_orders(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--orders must be numbers with commas between, not {text!r}") from None
