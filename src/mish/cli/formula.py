"""``mish formula``: the closed form of a derivative."""

from __future__ import annotations

from typing import Annotated

import typer

from mish.cli.console import EXIT_REFUSED, EXIT_USAGE, fail, out, print_json


def formula(
    order: Annotated[
        int, typer.Option(min=0, help="Which derivative; 0 is the function itself.")
    ] = 0,
    format_: Annotated[
        str, typer.Option("--format", help="unicode, latex, python, c or sympy.")
    ] = "unicode",
    form: Annotated[
        str, typer.Option(help="Written in tanh, in exp alone or in the sigmoid alone.")
    ] = "exp",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with every format.")
    ] = False,
) -> None:
    """Print the closed form of Mish or a derivative of any order.

    It is printed only after it was found to agree with certified values to 30 digits.
    """
    from mish import symbolic

    if format_ not in symbolic.FORMATS:
        fail(f"--format must be one of {', '.join(symbolic.FORMATS)}, not {format_}", EXIT_USAGE)
    if form not in symbolic.FORMS:
        fail(f"--form must be one of {', '.join(symbolic.FORMS)}, not {form}", EXIT_USAGE)
    try:
        found = symbolic.formula(order, form)
    except ArithmeticError as wrong:
        fail(str(wrong), EXIT_REFUSED)
    if as_json:
        texts = {each: found.text(each, out.width) for each in symbolic.FORMATS}
        print_json({"order": order, "form": form, **texts})
    else:
        typer.echo(found.text(format_, out.width))
