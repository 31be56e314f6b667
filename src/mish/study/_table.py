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

    Numbers keep all their digits, and NaN is an empty cell of CSV. Parquet also keeps the types of
    columns and ``frame.attrs``.

    Raises:
        ValueError: the name ends otherwise, or a column holds values of several types, which
            Parquet does not take.
        OSError: the file cannot be written; what was there stays.
    """
    content = io.BytesIO()
    if _suffix(path) == ".csv":
        frame.to_csv(content, index=False, lineterminator="\n")
    else:
        try:
            frame.to_parquet(content, index=False)
        except pyarrow.ArrowInvalid as error:
            raise ValueError(f"cannot write {path}: {error}; a .csv file takes it") from error
    with replacing(path) as file:
        file.write(content.getbuffer())


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote.

    Raises:
        ValueError: the name ends otherwise, or the file is no such table.
        OSError: the file cannot be read.
    """
    suffix = _suffix(path)
    with open_regular(path) as file:
        try:
            if suffix == ".parquet":
                return pd.read_parquet(file)
            # a setting may be a word, such as "NA", that otherwise stands for no value
            numbers = {name: [""] for name in ("rate", "value", "seconds")}
            return pd.read_csv(
                file, keep_default_na=False, na_values=numbers, float_precision="round_trip"
            )
        except (pyarrow.ArrowInvalid, ValueError, pd.errors.ParserError) as error:
            raise ValueError(f"{path} is no table of results: {error}") from error


def _suffix(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path} must end in {' or '.join(SUFFIXES)}")
    return path.suffix
