"""Tables as files: Parquet and CSV, written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

from mish._support.extras import needs
from mish._support.files import open_regular, replacing

with needs("study", "mish.study"):
    import pandas as pd
    import pyarrow

SUFFIXES = (".parquet", ".csv")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table whose name says the format: ``.parquet`` or ``.csv``.

    Numbers keep all their digits, and NaN is an empty cell of CSV. Parquet also keeps
    ``frame.attrs``, and can be read by `read_table`.

    Raises:
        ValueError: the name ends otherwise, or a column holds values of several types, which
            Parquet does not take.
        OSError: the file cannot be written; what was there stays.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path} must end in {' or '.join(SUFFIXES)}")
    content = io.BytesIO()
    if path.suffix == ".csv":
        frame.to_csv(content, index=False, lineterminator="\n")
    else:
        try:
            frame.to_parquet(content, index=False)
        except pyarrow.ArrowInvalid as error:
            raise ValueError(f"cannot write {path}: {error}; a .csv file takes it") from error
    with replacing(path) as file:
        file.write(content.getbuffer())


def read_table(path: Path) -> pd.DataFrame:
    """Read a Parquet file that `write_table` wrote.

    Raises:
        ValueError: the file is no such table.
        OSError: the file cannot be read.
    """
    with open_regular(path) as file:
        try:
            return pd.read_parquet(file)
        except pyarrow.ArrowInvalid as error:
            raise ValueError(f"{path} is no Parquet file: {error}") from error
