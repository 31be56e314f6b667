"""``mish facts``: certified facts, a comparison with other activations, and common claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mish.cli.console import EXIT_USAGE, fail, out, print_json

if TYPE_CHECKING:
    from mish.facts import Fact, Facts

_COMPARED = ("minimum", "slope_range", "lipschitz", "lipschitz_of_slope", "convexity", "smoothness")


def facts(
    activation: Annotated[
        str,
        typer.Argument(help="mish, silu, gelu, gelu_tanh, softplus, elu, hard_swish or relu."),
    ] = "mish",
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare all activations instead.")
    ] = False,
    claims: Annotated[
        bool, typer.Option("--claims", help="Judge what is commonly said of Mish instead.")
    ] = False,
    digits: Annotated[
        int | None,
        typer.Option(
            min=1, max=38, show_default="12; 6 to compare", help="Significant digits to print."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, with every enclosure.")
    ] = False,
) -> None:
    """Print what is known of an activation, each number with its proof.

    Numbers are proved by ball arithmetic; every digit shown is right, the last one rounded.
    """
    try:
        from mish import facts as known
    except ModuleNotFoundError as error:
        if error.name != "flint":
            raise
        fail("mish facts needs the 'reference' extra: pip install 'mish[reference]'", EXIT_USAGE)
    if compare and claims:
        fail("give --compare or --claims, not both", EXIT_USAGE)
    if claims:
        raise NotImplementedError
    if activation not in known.ACTIVATIONS:
        names = ", ".join(known.ACTIVATIONS)
        fail(f"ACTIVATION must be one of {names}, not {activation}", EXIT_USAGE)
    chosen = known.ACTIVATIONS if compare else (activation,)
    found = [known.certified(name) for name in chosen]
    if as_json:
        shown = [_as_data(each) for each in found]
        print_json({"activations": shown} if compare else shown[0])
    elif compare:
        _print_comparison(found, digits or 6)
    else:
        _print_facts(found[0], digits or 12)


def _as_data(found: Facts) -> dict[str, object]:
    return {
        "name": found.name,
        "label": found.label,
        "formula": found.formula,
        "facts": {
            name: {
                "statement": fact.text(20),
                "numbers": {
                    label: {"value": float(each), "low": str(each.low), "high": str(each.high)}
                    for label, each in fact.numbers.items()
                },
                "method": fact.method,
            }
            for name, fact in found.facts.items()
        },
    }


def _print_facts(found: Facts, digits: int) -> None:
    table = Table(title=f"f(x) = {found.formula}, {found.label}", title_justify="left")
    table.add_column("fact", no_wrap=True)
    table.add_column("statement", ratio=3)
    table.add_column("how it is known", ratio=2)
    for name, fact in found.facts.items():
        table.add_row(name.replace("_", " "), fact.text(digits), fact.method)
        table.add_section()
    out.print(table, markup=False, highlight=False)


def _print_comparison(found: list[Facts], digits: int) -> None:
    table = Table()
    table.add_column("", no_wrap=True)
    for name in _COMPARED:
        table.add_column(name.replace("_", " "))
    for each in found:
        table.add_row(each.label, *(_brief(each[name], digits) for name in _COMPARED))
    out.print(table, markup=False, highlight=False)


def _brief(fact: Fact, digits: int) -> str:
    """Cut a statement to what fits in a cell."""
    shown = {label: number.text(digits) for label, number in fact.numbers.items()}
    if fact.name == "minimum" and "x" in shown:
        return "{value} at {x}".format(**shown)
    if fact.name == "convexity" and len(shown) == 2:
        return "convex on ({x0}, {x1})".format(**shown)
    if fact.name.startswith("lipschitz"):
        return shown.get("value", "none")
    text = fact.text(digits)
    return text.partition(";")[0].partition(":")[0]
