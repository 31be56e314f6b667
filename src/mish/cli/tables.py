"""Tables as wide as the terminal is, in which no word and no number is ever cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

from mish.cli.console import out


def print_table(table: Table, keys: int = 1) -> None:
    """Print a table of plain text on standard output.

    Where it is too wide even with every cell wrapped at its spaces, its columns are spread over
    several tables, each of which begins with the columns that say what a row is about.

    Args:
        table: rows of strings, none of them markup.
        keys: how many of the first columns say what a row is about.
    """
    # measured where there is room for everything
    widths = [_widths(column) for column in table.columns]
    for part in _parts(table, widths, keys):
        shown = _fitted(table, part, widths)
        wide = max(out.width, _measured(shown))
        plain = Console(file=out.file, width=wide, markup=False, emoji=False, highlight=False)
        plain.print(shown)


def _parts(table: Table, widths: Sequence[tuple[int, int]], keys: int) -> list[list[int]]:
    """Spread columns over as few tables as fit, each as full as it gets."""
    first = list(range(keys))
    parts = [[*first]]
    for index in range(keys, len(table.columns)):
        wider = [*parts[-1], index]
        least = sum(widths[i][0] for i in wider) + _frame(table, wider)
        if least > out.width and len(parts[-1]) > keys:
            parts.append([*first])
        parts[-1].append(index)
    return parts


def _fitted(table: Table, part: Sequence[int], widths: Sequence[tuple[int, int]]) -> Table:
    """Give columns their widths: each its longest word's, and of the rest what it asks for."""
    room = out.width - _frame(table, part) - sum(widths[i][0] for i in part)
    wished = sum(widths[i][1] - widths[i][0] for i in part)
    share = min(1.0, max(0, room) / wished) if wished else 0.0
    shown = _some(table, part)
    for column, i in zip(shown.columns, part, strict=True):
        least, most = widths[i]
        column.width = least + int((most - least) * share)
        column.no_wrap, column.overflow, column.ratio = False, "fold", None
    return shown


def _some(table: Table, part: Sequence[int]) -> Table:
    """Make a table of some columns."""
    shown = Table(
        title=table.title,
        title_justify=table.title_justify,
        box=table.box,
        show_header=table.show_header,
    )
    for i in part:
        column = table.columns[i]
        shown.add_column(column.header, justify=column.justify)
    cells = [list(table.columns[i].cells) for i in part]
    for row, texts in zip(table.rows, zip(*cells, strict=True), strict=True):
        shown.add_row(*texts, style=row.style, end_section=row.end_section)
    return shown


def _widths(column: Column) -> tuple[int, int]:
    """The widths of the longest word and of the longest line in a column."""
    texts = [str(text) for text in (column.header, *column.cells)]
    lines = [line for text in texts for line in text.splitlines()]
    words = [word for line in lines for word in line.split()]
    return max(map(cell_len, words), default=1), max(map(cell_len, lines), default=1)


def _frame(table: Table, part: Sequence[int]) -> int:
    """What a table's lines and spaces take of its width."""
    bare = _some(table, part)
    for column in bare.columns:
        column.width = 1
    return _measured(bare) - len(part)


def _measured(table: Table) -> int:
    return Measurement.get(out, out.options.update(max_width=10_000), table).maximum
