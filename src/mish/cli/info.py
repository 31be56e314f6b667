"""``mish info``: what is installed and what this machine offers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from mish.cli.console import print_json
from mish.cli.tables import print_table


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the version, the instruction set in use, threads, and the frameworks found."""
    from mish._numpy.config import show_config

    facts = show_config(as_dict=True)
    if as_json:
        print_json(facts)
        return
    override = facts["isa_override"]
    frameworks = (f"{name} {release}" for name, release in facts["frameworks"].items())
    table = Table(show_header=False, box=None)
    table.add_row("mish", facts["version"])
    table.add_row("instruction set", facts["isa"] + (f" (MISH_ISA={override})" if override else ""))
    table.add_row("this CPU runs", ", ".join(facts["available_isas"]))
    table.add_row("threads", str(facts["threads"]))
    table.add_row("Python", facts["python"])
    table.add_row("NumPy", facts["numpy"])
    table.add_row("machine", facts["machine"])
    table.add_row("frameworks", ", ".join(frameworks) or "none")
    table.add_row("tried with", ", ".join(map(" ".join, facts["tried"].items())))
    print_table(table)
