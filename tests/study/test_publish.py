"""The page of committed results and the files beside it, and the plan that a pilot gives."""

from __future__ import annotations

import json
import re
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
from mish.study._registry import find
from mish.study._studies import STUDIES
from mish.study._table import write_table

ROOT = Path(__file__).parents[2]
SHOWN = ["verdicts.csv", "forest.svg", "loss.svg"]


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
    assert written == {"some.parquet", "report.html", *(f"fake-{each}" for each in SHOWN)}
    assert all(f"(../studies/results/fake-{each})" in text for each in SHOWN)
    assert "mish is better than relu" in (results / "report.html").read_text(encoding="utf-8")
    assert "Not judged" not in text
    publish(["--check"])


def test_it_tells_differences_by_other_measures(publish, tmp_path):
    accuracy = precision([0.01, 0.1, 0.2, 0.3])
    loss = accuracy.assign(
        measure="loss",
        value=accuracy["value"].where(accuracy["activation"] == "mish", accuracy["value"] + 0.5),
    )
    both = pd.concat([accuracy, loss], ignore_index=True)
    write_table(both, tmp_path / "studies" / "results" / "some.parquet")
    publish([])
    text = (tmp_path / "docs" / "studies-results.md").read_text(encoding="utf-8")
    table = text[text.index("Not judged, loss, nat, of which lower is better:") :]
    assert re.search(r"\| inputs usual, without penalty \| −0\.(49|50)\d \(−0\.5", table)
    assert table.index("| mish − other, loss, nat | torch-mish |") < table.index("![precision")


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


@pytest.fixture
def plan(script, tmp_path):
    (tmp_path / "src" / "mish" / "study" / "_studies").mkdir(parents=True)
    return script("plan.py")


def plan_files(tmp_path):
    data = tmp_path / "src" / "mish" / "study" / "_studies" / "planned.json"
    return tmp_path / "docs" / "studies-plan.md", data


def precision(spreads, pairs=20):
    """A pilot of `precision`, with its four settings."""
    parts = []
    for settings, spread in zip(find("precision").settings("full"), spreads, strict=True):
        noise = np.random.default_rng(0).normal(size=pairs)
        noise[:20] *= spread / noise[:20].std(ddof=1)
        values = {"mish": 90 + noise, "torch-mish": np.full(pairs, 90.0)}
        parts.append(make_frame(values, settings, study="precision"))
    return pd.concat(parts, ignore_index=True)


def test_a_pilot_gives_a_plan(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(type(find("precision")), "decides", lambda self, settings: False)
    pilot = tmp_path / "pilot.parquet"
    write_table(precision([0.01, 0.5, 1.5, 50.0]), pilot)
    plan([str(pilot)])
    page, data = (path.read_text(encoding="utf-8") for path in plan_files(tmp_path))
    pairs = pairs_needed(0.5, 0.25, tests=4)
    planned = json.loads(data)["precision"]
    assert [each["settings"] for each in planned] == find("precision").settings("full")
    assert [each["pairs"] for each in planned] == [20, pairs, 250, 20]
    row = "| precision | inputs usual, with penalty | 0.25 points | 0.50 |"
    assert f"{row} {pairs} | {pairs} |" in page


def test_settings_that_decide_have_250_pairs(plan, tmp_path, monkeypatch):
    decides = lambda self, settings: settings["penalty"]  # noqa: E731
    monkeypatch.setattr(type(find("precision")), "decides", decides)
    pilot = tmp_path / "pilot.parquet"
    write_table(precision([0.5, 0.5, 0.5, 0.5]), pilot)
    plan([str(pilot)])
    planned = json.loads(plan_files(tmp_path)[1].read_text(encoding="utf-8"))["precision"]
    pairs = pairs_needed(0.5, 0.25, tests=4)
    assert [each["pairs"] for each in planned] == [pairs, 250, pairs, 250]


def test_a_plan_looks_at_the_first_pairs_alone(plan, tmp_path):
    pilot, whole = tmp_path / "pilot.parquet", tmp_path / "whole.parquet"
    write_table(precision([0.5, 0.5, 0.5, 0.5]), pilot)
    write_table(precision([0.5, 0.5, 0.5, 0.5], pairs=60), whole)
    plan([str(pilot)])
    plan(["--check", str(whole)])
    write_table(precision([0.5, 0.6, 0.5, 0.5]), pilot)
    with pytest.raises(SystemExit, match="is not what the tables give"):
        plan(["--check", str(pilot)])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scale": "quick"}, "no comparison of precision at the full scale"),
        ({"study": "fake"}, "results of 'fake', which is no study to plan"),
    ],
)
def test_a_pilot_that_plans_nothing_is_refused(plan, tmp_path, change, told):
    pilot = tmp_path / "pilot.parquet"
    write_table(precision([1, 1, 1, 1]).assign(**change), pilot)
    with pytest.raises(SystemExit, match=told):
        plan([str(pilot)])
    assert not any(path.exists() for path in plan_files(tmp_path))


@pytest.mark.slow
def test_committed_plan_is_what_the_tables_give():
    """Studies without a table have no plan yet."""
    tables = [ROOT / "studies" / "results" / f"{name}.parquet" for name in STUDIES]
    names = [str(path) for path in tables if path.exists()]
    runpy.run_path(str(ROOT / "studies" / "plan.py"))["main"](["--check", *names])
