"""What layers with Mish keep in training, as ``mish cost --memory`` prints it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table

from mish.cli.console import EXIT_USAGE, fail, out, print_json
from mish.cli.tables import print_table

if TYPE_CHECKING:
    from mish.cost import Kept

_DEFAULT = "float32"  # where all dtypes are asked for: a network is trained in one


def show_memory(shapes: list[str], dtype: str, as_json: bool) -> None:
    """Print the account for layers of these shapes, each and together."""
    from mish import cost as costs

    dtype = _DEFAULT if dtype == "all" else dtype
    if dtype not in costs.ELEMENTS:
        fail(f"dtype must be one of {', '.join(costs.ELEMENTS)}, not {dtype}", EXIT_USAGE)
    try:
        sizes = [costs.numbers(shape) for shape in shapes]
    except ValueError as problem:
        fail(str(problem), EXIT_USAGE)
    rows = [
        (kept, [kept.bytes(size, costs.ELEMENTS[dtype]) for size in sizes])
        for kept in costs.account()
    ]
    if as_json:
        data = [asdict(kept) | {"bytes": each, "total": sum(each)} for kept, each in rows]
        print_json({"shapes": shapes, "dtype": dtype, "kept": data})
        return
    out.print(
        "What is kept for the backward pass, in MB, the next layer's input included. NormMish is "
        "BatchNormMish or GroupNormMish; a word after the comma is what save= says.",
        markup=False,
        highlight=False,
    )
    for norm, next_keeps in dict.fromkeys((kept.norm, kept.next_keeps) for kept, _ in rows):
        these = [(k, each) for k, each in rows if (k.norm, k.next_keeps) == (norm, next_keeps)]
        _print(_title(norm, next_keeps, dtype), shapes, these)


def _title(norm: bool, next_keeps: bool, dtype: str) -> str:
    before = "normalisation, Mish" if norm else "Mish"
    after = "which keeps its input" if next_keeps else "which does not keep its input"
    layer = "a convolution or a linear layer" if next_keeps else "an addition or dropout"
    return f"{before}, {layer}, {after}; {dtype}"


def _print(title: str, shapes: list[str], rows: list[tuple[Kept, list[int]]]) -> None:
    together = ["together"] if len(shapes) > 1 else []
    table = Table(title=title, title_justify="left")
    for head in ("", "maps", *shapes, *together):
        table.add_column(head, justify="right" if head else "left")
    for kept, each in rows:
        sums = [sum(each)] if together else []
        maps = f"{kept.maps} + {kept.bits} bit" if kept.bits else str(kept.maps)
        table.add_row(kept.way, maps, *(f"{size / 1e6:.1f}" for size in (*each, *sums)))
    print_table(table, keys=2)
