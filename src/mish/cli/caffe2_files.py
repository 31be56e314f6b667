"""What the commands of ``mish caffe2`` share: reading nets and arrays, and writing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeAlias

import typer

from mish.cli.console import EXIT_USAGE, fail

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mish.caffe2 import caffe2_pb2

Net: TypeAlias = Annotated[
    Path, typer.Argument(metavar="NET.pb", help="The net; as text if it ends in .pbtxt.")
]
Init: TypeAlias = Annotated[
    Path | None, typer.Option("--init", metavar="INIT.pb", help="The net that makes parameters.")
]
Blobs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--blob", metavar="NAME", help="A blob to write; may be given several times."),
]


def read(
    net: Path, init: Path | None, arrays: Path | None
) -> tuple[caffe2_pb2.NetDef, caffe2_pb2.NetDef | None, dict[str, npt.NDArray[np.generic]]]:
    """Read two nets and arrays, the latter two if they are given."""
    from mish._support.files import read_arrays
    from mish.caffe2 import Caffe2Error
    from mish.caffe2._messages import read_net

    try:
        return (
            read_net(net),
            None if init is None else read_net(init),
            {} if arrays is None else read_arrays(arrays),
        )
    except (Caffe2Error, ValueError) as error:
        fail(str(error), EXIT_USAGE)


def write(output: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all."""
    from mish._support.files import replacing

    try:
        with replacing(output) as file:
            fill(file)
    except OSError as error:
        fail(f"cannot write {output}: {error.strerror}", EXIT_USAGE)
