"""``mish caffe2 run``: a net of Caffe2, run on arrays from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mish.cli.caffe2_files import Blobs, Init, Net, read, write
from mish.cli.console import EXIT_USAGE, fail, out, print_json
from mish.cli.tables import print_table


def run(
    *,
    net: Net,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT.npz", help="The arrays to write.")
    ],
    init: Init = None,
    inputs: Annotated[
        Path | None,
        typer.Option("--input", metavar="X.npz", help="Arrays by the names of input blobs."),
    ] = None,
    blobs: Blobs = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run a net of Caffe2 and write what it makes.

    Writes the blobs named by --blob, or else the net's external outputs, or, if it declares none,
    every blob that it makes. An existing OUT.npz is replaced.
    """
    from mish._support.files import write_arrays
    from mish.caffe2 import Caffe2Error
    from mish.caffe2._run.arrays import evaluate

    definition, parameters, arrays = read(net, init, inputs)
    try:
        made = evaluate(definition, arrays, init=parameters, outputs=blobs or ())
    except Caffe2Error as error:
        fail(str(error), EXIT_USAGE)
    try:
        write(output, lambda file: write_arrays(file, made))
    except ValueError as error:  # a name that no archive should have
        fail(f"cannot write {output}: {error}; choose others with --blob", EXIT_USAGE)
    if as_json:
        facts = [
            {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}
            for name, array in made.items()
        ]
        print_json({"net": str(net), "output": str(output), "blobs": facts})
        return
    table = Table("blob", "type", "shape")
    for name, array in made.items():
        table.add_row(name, str(array.dtype), str(list(array.shape)))
    print_table(table)
    out.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
