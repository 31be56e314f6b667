"""``mish formula``: the closed form of a derivative, or whether a formula is one."""

from __future__ import annotations

from typing import Annotated

import typer

from mish.cli.console import EXIT_REFUSED, EXIT_USAGE, choices, fail, out, print_json


def formula(
    order: Annotated[
        int, typer.Option(min=0, help="Which derivative; 0 is the function itself.")
    ] = 0,
    format_: Annotated[
        str, typer.Option("--format", help="unicode, latex, python, c, javascript or sympy.")
    ] = "unicode",
    form: Annotated[
        str, typer.Option(help="Written in tanh, in exp alone or in the sigmoid alone.")
    ] = "exp",
    given: Annotated[
        str | None,
        typer.Option(
            "--check", metavar="EXPRESSION", help="Judge this formula in x instead of printing one."
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="With --check: of float64, float32, float16 what it loses in.",
            show_default="all",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, with every format.")
    ] = False,
) -> None:
    """Print the closed form of Mish or a derivative of any order.

    It is printed only after it was found to agree with certified values to 30 digits.

    With --check, say whether an expression is that derivative, where it is not and by how much, and
    what it loses in number formats. Leaves with exit code 1 if it is not.
    """
    if given is not None:
        _check(given, order, dtype, as_json)
        return
    if dtype is not None:
        fail("--dtype belongs to --check", EXIT_USAGE)
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


def _check(text: str, order: int, dtype: str | None, as_json: bool) -> None:
    from mish import check

    dtypes = check.DTYPES if dtype is None else choices(dtype, "--dtype", check.DTYPES)
    try:
        report = check.expression(text, order, dtypes)
    except ValueError as problem:
        fail(f"--check: {problem}", EXIT_USAGE)
    if as_json:
        print_json({"expression": text, **report.facts()})
    else:
        typer.echo(str(report))
    if not report.agrees:
        raise typer.Exit(EXIT_REFUSED)
