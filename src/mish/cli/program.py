"""What all commands share as programs: how errors end them, and how their help shows flags."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from mish._support.extras import MissingExtra
from mish.cli.console import EXIT_USAGE, answer_error, expect_json, fail
from mish.cli.streams import OutputError, standard_output


class Command(TyperCommand):
    """A command whose help shows no type for a flag, which takes no value, and fills its lines.

    With --json its errors are JSON too, those in its arguments included.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = re.sub(r"(?<!\n)\n(?!\n)", " ", self.help or "")

    def make_context(self, info_name: Any, args: list[str], *rest: Any, **extra: Any) -> Any:
        """Read the arguments."""
        expect_json("--json" in args)
        try:
            return super().make_context(info_name, args, *rest, **extra)
        except Exception as problem:
            # Click's errors in arguments, of which Typer may have a copy of its own
            if hasattr(problem, "format_message"):
                answer_error(problem.format_message())
            raise

    def get_params(self, ctx: Any) -> list[Any]:
        """List the parameters, that of --help among them."""
        return _without_type(super().get_params(ctx))


class Group(TyperGroup):
    """A command with commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the parameters, that of --help among them."""
        return _without_type(super().get_params(ctx))


class Program(Group):
    """The command that holds all others: errors that any of them may meet end here."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command line."""
        try:
            with standard_output():
                return super().main(*args, **kwargs)
        except OutputError as problem:
            with contextlib.suppress(OSError, typer.Exit):  # the two streams may be one
                fail(str(problem), EXIT_USAGE)
            sys.exit(EXIT_USAGE)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was chosen."""
        try:
            return super().invoke(ctx)
        except MissingExtra as missing:
            fail(str(missing), EXIT_USAGE)


def _without_type(parameters: list[Any]) -> list[Any]:
    for each in parameters:
        if getattr(each, "is_flag", False) and each.metavar is None:
            each.metavar = ""
    return parameters
