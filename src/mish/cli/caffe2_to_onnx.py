"""``mish caffe2 to-onnx``: a net of Caffe2 as an ONNX model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mish.cli.caffe2_files import Blobs, Init, Net, read, write
from mish.cli.console import EXIT_USAGE, fail, out, print_json
from mish.cli.tables import print_table


def to_onnx(
    *,
    net: Net,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT.onnx",
            help="The model to write.",
            show_default="the net's name with .onnx",
        ),
    ] = None,
    init: Init = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--input", metavar="X.npz", help="Examples of input blobs, for their types and shapes."
        ),
    ] = None,
    blobs: Blobs = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Convert a net of Caffe2 to an ONNX model, for any runtime and for mish optimize.

    The model makes the blobs named by --blob, or else the net's external outputs, or, if it
    declares none, those that it makes and does not read. What they do not need is left out,
    gradient operators among it. Without --init, the parameters are inputs of the model. An
    existing OUT.onnx is replaced.
    """
    from mish.caffe2 import Caffe2Error
    from mish.caffe2.to_onnx import convert

    definition, parameters, examples = read(net, init, inputs)
    try:
        model = convert(definition, init=parameters, examples=examples, outputs=blobs or ())
    except Caffe2Error as error:
        fail(str(error), EXIT_USAGE)
    target = net.with_suffix(".onnx") if output is None else output
    write(target, lambda file: file.write(model.SerializeToString()))
    nodes = len(model.graph.node)
    ends = {end: [value.name for value in getattr(model.graph, end)] for end in ("input", "output")}
    if as_json:
        print_json({"net": str(net), "model": str(target), "nodes": nodes, **ends})
        return
    table = Table(title=net.name, show_header=False)
    table.add_row("operators", str(len(definition.op)))
    table.add_row("nodes of the model", str(nodes))
    for end, names in ends.items():
        table.add_row(f"{end}s", ", ".join(names))
    print_table(table)
    out.print(f"wrote {target}", markup=False, highlight=False, soft_wrap=True)
