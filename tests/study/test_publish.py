"""The page of committed results and the files beside it, and the plan that a pilot gives."""

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
import pandas as pd
from labels_study import MADE, make_frame

from mish.study._power import pairs_needed
from mish.study._table import write_table

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(tmp_path):
    """Scripts in a project of their own, whose pages lie in docs."""
    (tmp_path / "studies" / "results").mkdir(parents=True)
    (tmp_path / "docs").mkdir()

    def main(name):
        return runpy.run_path(shutil.copy(ROOT / "studies" / name, tmp_path / "studies"))["main"]

    return main


@pytest.fixture
def publish(script):
    return script("publish.py")


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


def test_a_pilot_gives_a_plan(script, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 12)
    noise /= noise.std(ddof=1) / 0.1
    values = {"mish": 1 + noise, "relu": np.ones(12)}
    parts = [
        make_frame(values, {"noise": each, "kind": "plain"}, study="fake", measure="loss")
        for each in (0.0, 0.5)
    ]
    pilot = tmp_path / "pilot.parquet"
    write_table(pd.concat(parts, ignore_index=True), pilot)
    script("plan.py")([str(pilot)])
    text = (tmp_path / "docs" / "studies-plan.md").read_text(encoding="utf-8")
    needed = pairs_needed(0.1, 0.05, tests=2)
    assert f"| fake | noise 0.5, kind plain | 0.05 | 12 | 0.100 | {needed} | 4 |" in text
    assert f"| fake | noise 0, kind plain | 0.05 | 12 | 0.100 | {needed} | 2 |" in text


def test_a_pilot_without_comparisons_is_refused(script, table, tmp_path):
    pilot = tmp_path / "pilot.parquet"
    write_table(table.assign(scale="quick"), pilot)
    with pytest.raises(SystemExit, match="no comparison of fake at the full scale"):
        script("plan.py")([str(pilot)])
    assert not (tmp_path / "docs" / "studies-plan.md").exists()
