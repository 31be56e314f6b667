"""The ``mish`` command: one Typer application, one module for each of its commands."""

from __future__ import annotations

import sys
from typing import Annotated

try:
    import typer

    from mish.cli.bench import bench as _bench

    # under other names, so that no function hides the module that it comes from
    from mish.cli.caffe2_run import run as _caffe2_run
    from mish.cli.caffe2_to_onnx import to_onnx as _caffe2_to_onnx
    from mish.cli.cost import cost as _cost
    from mish.cli.facts import facts as _facts
    from mish.cli.formula import formula as _formula
    from mish.cli.info import info as _info
    from mish.cli.optimize import optimize as _optimize
    from mish.cli.plot import plot as _plot
    from mish.cli.program import Command, Group, Program
    from mish.cli.study import study as _study
    from mish.cli.verify import verify as _verify
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in {"rich", "typer"}:
        raise

    def main() -> None:
        """Say how to install what the command needs, and leave with exit code 2."""
        print(
            "error: the mish command needs the 'cli' extra: pip install 'mish[cli]'",
            file=sys.stderr,
        )
        raise SystemExit(2)

else:
    app = typer.Typer(
        name="mish",
        cls=Program,
        help="The Mish activation function: faster models, formulas, facts, plots, costs.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
    )

    def _show_version(asked: bool) -> None:
        if asked:
            from mish import __version__

            typer.echo(__version__)
            raise typer.Exit

    @app.callback()
    def _options(
        show_version: Annotated[
            bool,
            typer.Option(
                "--version",
                callback=_show_version,
                is_eager=True,
                help="Print the version and exit.",
            ),
        ] = False,
    ) -> None:
        pass

    for _each in (_optimize, _plot, _formula, _facts, _cost, _bench, _study, _verify, _info):
        app.command(cls=Command)(_each)

    _caffe2 = typer.Typer(
        cls=Group, help="Nets of Caffe2: run them, or convert them.", no_args_is_help=True
    )
    _caffe2.command(cls=Command)(_caffe2_run)
    _caffe2.command(cls=Command)(_caffe2_to_onnx)
    app.add_typer(_caffe2, name="caffe2")

    def main() -> None:
        """Run the command line; never returns."""
        app(prog_name="mish")
