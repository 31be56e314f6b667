"""The page of committed results, and the files beside it."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("matplotlib")
pytest.importorskip("torch", exc_type=ImportError)

import fake_study
import numpy as np
from labels_study import MADE, make_frame

from mish.study._table import write_table

ROOT = Path(__file__).parents[2]


@pytest.fixture
def publish(tmp_path):
    """The script in a project of its own, whose page lies in docs."""
    (tmp_path / "studies" / "results").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    script = shutil.copy(ROOT / "studies" / "publish.py", tmp_path / "studies")
    return runpy.run_path(script)["main"]


@pytest.fixture
def table():
    mish = np.random.default_rng(0).normal(1, 0.1, 8)
    settings = {"noise": 0.5, "kind": "plain"}
    frame = make_frame({"mish": mish, "relu": mish + 1}, settings, study="fake", measure="loss")
    frame.attrs["made"] = {"fake": {"full": MADE}}
    return frame


@pytest.mark.slow
def test_committed_page_is_what_the_tables_give():
    """That is, what `python studies/publish.py --check` says."""
    runpy.run_path(str(ROOT / "studies" / "publish.py"))["main"](["--check"])


def test_it_writes_the_page_and_what_it_shows(publish, table, tmp_path):
    results = tmp_path / "studies" / "results"
    write_table(table, results / "some.parquet")
    publish([])
    text = (tmp_path / "docs" / "studies-results.md").read_text(encoding="utf-8")
    assert f"## fake\n\n{fake_study.STUDY.question}\n\n- mish is better than relu.\n" in text
    assert "| noise 0.5, kind plain | **better** −1.000 (−1.000 to −1.000) |" in text
    assert "Versions: mish 0.1.0; torch 2.12.0, 2.13.0" in text
    assert "Command: `mish study fake`" in text
    written = {each.name for each in results.iterdir()}
    assert written == {"some.parquet", "fake-verdicts.csv", "fake-forest.svg", "fake-loss.svg"}
    assert all(f"(../studies/results/{each})" in text for each in written - {"some.parquet"})
    publish(["--check"])


def test_a_page_that_is_not_of_its_tables_is_told(publish, table, tmp_path):
    results = tmp_path / "studies" / "results"
    publish([])
    write_table(table, results / "some.parquet")
    with pytest.raises(SystemExit, match="is not what the tables give"):
        publish(["--check"])


@pytest.mark.parametrize(
    "change, told",
    [
        ({"study": "nothing"}, "results of 'nothing', which is no study"),
        ({"version": 7}, "version 7 where 1 was expected"),
    ],
)
def test_tables_that_are_of_no_study_are_refused(publish, table, tmp_path, change, told):
    write_table(table.assign(**change), tmp_path / "studies" / "results" / "some.parquet")
    with pytest.raises(SystemExit, match=told):
        publish([])
    assert not (tmp_path / "docs" / "studies-results.md").exists()
