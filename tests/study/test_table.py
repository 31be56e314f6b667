"""Tables come back from their files as they were."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

pytest.importorskip("statsmodels")

import pandas as pd

from mish.study._provenance import joined
from mish.study._table import read_table, write_table


@pytest.fixture
def frame(frame_of):
    values = [*np.random.default_rng(0).normal(90, 1, 3), math.nan, 5e-324, 0.1 + 0.2]
    settings = {"kind": "NA", "wrong": 0.0, "layers": 5, "normalised": True}
    found = frame_of({"mish": values, "relu": values}, settings)
    found.attrs["made"] = {"labels": {"full": {"jobs": 12, "software": {"mish": ["0.1.0"]}}}}
    return found


def test_every_bit_comes_back(frame, tmp_path):
    path = tmp_path / "table.parquet"
    write_table(frame, path)
    found = read_table(path)
    pd.testing.assert_frame_equal(found, frame, check_exact=True)
    assert found.attrs == frame.attrs
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_csv_has_every_digit(frame, tmp_path):
    path = tmp_path / "table.csv"
    write_table(frame, path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(frame.columns)
    for row, expected in zip(rows, frame.to_dict("records"), strict=True):
        value = float(row.pop("value") or "nan")
        np.testing.assert_equal(value, expected["value"])
        assert row == {name: str(expected[name]) for name in row}


def test_a_table_that_cannot_be_written_leaves_the_old_one(frame, tmp_path):
    path = tmp_path / "table.parquet"
    write_table(frame, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"table\.parquet: .*a \.csv file takes it"):
        write_table(frame.assign(kind=[1, "a"] * 6), path)
    assert path.read_bytes() == before


def test_other_endings_are_refused(frame, tmp_path):
    with pytest.raises(ValueError, match=r"table\.xlsx must end in \.parquet or \.csv"):
        write_table(frame, tmp_path / "table.xlsx")


def test_a_file_of_something_else_is_named(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"seed,value")
    with pytest.raises(ValueError, match=f"{path} is no Parquet file"):
        read_table(path)


def test_studies_share_a_table(frame, frame_of):
    other = frame_of({"mish": [1.0], "relu": [2.0]}, {"gain": 1.4}, study="init")
    other.attrs["made"] = {"init": {"quick": {"jobs": 2}}}
    found = joined([frame, other])
    assert found.attrs["made"].keys() == {"labels", "init"}
    assert found["gain"].notna().sum() == 2 and len(found) == len(frame) + 2
