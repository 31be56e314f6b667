"""``mish facts``: certified facts, a comparison with other activations, and common claims."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mish.cli.console import EXIT_USAGE, fail, print_json
from mish.cli.tables import print_table

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
    topic: Annotated[
        str,
        typer.Option(
            metavar="TOPIC", help="shape, series, complex, integrals or normal; all for every one."
        ),
    ] = "shape",
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Print the edge of chaos of all activations.")
    ] = False,
    gains: Annotated[
        bool, typer.Option("--gains", help="Print the initialisation gains of all activations.")
    ] = False,
    claims: Annotated[
        bool, typer.Option("--claims", help="Judge everything that is commonly said of Mish.")
    ] = False,
    claim: Annotated[
        str | None, typer.Option(metavar="NAME", help="Judge one claim, named as by --claims.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the claims as docs/claims.md.")
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
    from mish import facts as known

    asked = (compare, chaos, gains, claims, claim is not None)
    if sum(asked) > 1:
        fail("give one of --compare, --chaos, --gains, --claims and --claim", EXIT_USAGE)
    if topic != "shape" and any(asked):
        fail("--topic goes with an activation alone", EXIT_USAGE)
    if markdown and not claims:
        fail("--markdown goes with --claims", EXIT_USAGE)
    if claims or claim is not None:
        _show_claims(claim, as_json, markdown)
        return
    if gains:
        _show_gains(as_json)
        return
    if chaos:
        _show_chaos(as_json)
        return
    try:
        known.check_name(activation, "ACTIVATION")
        if compare:
            found = [known.certified(name) for name in known.ACTIVATIONS]
        else:
            topics = known.topics(activation) if topic == "all" else (topic,)
            found = [known.certified(activation, each) for each in topics]
    except ValueError as problem:
        message = str(problem)
        fail(f"--{message}" if message.startswith("topic") else message, EXIT_USAGE)
    if as_json:
        shown = [_as_data(each) for each in found]
        many = {"activations": shown} if compare else {"topics": shown}
        print_json(many if compare or topic == "all" else shown[0])
    elif compare:
        _print_comparison(found, digits or 6)
    else:
        for each in found:
            _print_facts(each, digits or 12)


def _show_claims(name: str | None, as_json: bool, markdown: bool) -> None:
    from mish.facts import claims

    if name is not None and name not in claims.NAMES:
        fail(f"--claim must be one of {', '.join(claims.NAMES)}, not {name}", EXIT_USAGE)
    judged = claims.judge_all() if name is None else [claims.judge(name)]
    if markdown:
        typer.echo(claims.page(judged), nl=False)
        return
    if as_json:
        shown = [asdict(each) | {"command": each.command} for each in judged]
        print_json({"claims": shown} if name is None else shown[0])
        return
    table = Table()
    table.add_column("claim", ratio=3)
    table.add_column("verdict", no_wrap=True)
    table.add_column("why", ratio=4)
    table.add_column("how it is known", ratio=2)
    for each in judged:
        table.add_row(f"{each.text} ({each.name})", each.verdict, each.reason, each.how)
        table.add_section()
    print_table(table)


def _show_gains(as_json: bool) -> None:
    from mish.facts import ACTIVATIONS, certified
    from mish.facts.gains import gain

    found = {name: gain(name) for name in ACTIVATIONS}
    if as_json:
        print_json({name: each._asdict() for name, each in found.items()})
        return
    table = Table(
        caption="for layers after the activation; a first layer on standardised data has gain 1"
    )
    for head in ("", "forward gain", "backward gain", "growth", "drift", "mean"):
        table.add_column(head)
    for name, each in found.items():
        table.add_row(certified(name).label, *(f"{number:.6f}" for number in each))
    print_table(table)


def _show_chaos(as_json: bool) -> None:
    from mish.facts import mean_field

    biases = (0.05, 0.1, 0.2, 0.3)
    found = {
        name: [mean_field.edge_of_chaos(name, bias) for bias in biases]
        for name in mean_field.ACTIVATIONS
    }
    if as_json:
        print_json(
            {
                name: {
                    str(bias): None if each is None else each._asdict()
                    for bias, each in zip(biases, edges, strict=True)
                }
                for name, edges in found.items()
            }
        )
        return
    table = Table(caption="σ_w at which small differences neither grow nor vanish, for each σ_b")
    for head in ("", *(f"σ_b = {bias}" for bias in biases)):
        table.add_column(head)
    for name, edges in found.items():
        table.add_row(name, *("none" if each is None else f"{each.sigma_w:.6f}" for each in edges))
    print_table(table)


def _as_data(found: Facts) -> dict[str, object]:
    return {
        "name": found.name,
        "label": found.label,
        "formula": found.formula,
        "topic": found.topic,
        "facts": {
            name: {
                "identifier": fact.identifier,
                "assumptions": fact.assumptions,
                "form": fact.form,
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
    print_table(table)


def _print_comparison(found: list[Facts], digits: int) -> None:
    table = Table()
    table.add_column("", no_wrap=True)
    for name in _COMPARED:
        table.add_column(name.replace("_", " "))
    for each in found:
        table.add_row(each.label, *(_brief(each[name], digits) for name in _COMPARED))
    print_table(table)


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
