"""``mish study``: what it lists, prints and writes; the jobs are done in this process."""

from __future__ import annotations

import json

import fake_study
import pytest
from fake_workers import Here
from typer.testing import CliRunner

pytest.importorskip("pandas")

import pandas as pd

from mish.cli import app, study_progress
from mish.cli.study_progress import duration
from mish.study import Progress, _engine


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = Here()
    monkeypatch.setattr(_engine, "_workers", lambda count, scheduler: found)
    return found


def run(*arguments):
    return CliRunner().invoke(app, ["study", *map(str, arguments)])


def test_without_a_name_it_lists_the_studies(tmp_path):
    shown = run()
    assert shown.exit_code == 0
    assert fake_study.STUDY.question.partition(" command")[0] in shown.stdout
    assert list(tmp_path.iterdir()) == []
    run("fake", "--activation", "mish")
    studies = json.loads(run("--json").stdout)["studies"]
    (fake,) = [each for each in studies if each["study"] == "fake"]
    assert (fake["jobs"], fake["finished"], fake["seconds_left"]) == (16, 8, 16.0)


def test_a_run_is_judged_and_kept():
    shown = run("fake")
    assert shown.exit_code == 0
    assert "fake: loss, mish minus the other" in shown.stdout
    assert "16 jobs done in" in shown.stdout
    again = json.loads(run("fake", "--json").stdout)
    assert again["run"] | {"seconds": 0} == {
        "found": 16,
        "done": 0,
        "failed": [],
        "untuned": 0,
        "seconds": 0,
    }
    assert {row["noise"] for row in again["verdicts"]["fake"]} == {0.0, 0.5}
    assert {row["other"] for row in again["verdicts"]["fake"]} == {"relu"}


def test_without_the_baseline_nothing_is_judged():
    shown = run("fake", "--activation", "relu")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("8 jobs done in")


def test_jobs_that_failed_end_it_with_1(here):
    here.bad = lambda job: job.seed == 0 or (job.stage, job.activation) == ("tune", "relu")
    shown = run("fake")
    assert shown.exit_code == 1
    lines = shown.stderr.splitlines()
    assert lines[0].endswith("rate 0.01: ArithmeticError: it is bad")
    assert lines[-1] == (
        "error: 4 jobs failed, 6 runs lack a learning rate for it; all others are kept"
    )
    assert "6 jobs done" in shown.stdout


def test_many_failures_are_not_all_shown(here):
    here.bad = lambda job: job.stage == "run"
    shown = run("fake", "--json")
    assert shown.exit_code == 1
    assert shown.stderr.count("ArithmeticError") == 5
    assert "and 7 more" in shown.stderr
    assert len(json.loads(shown.stdout)["run"]["failed"]) == 12
    shown = run("fake", "--report", "out.html")  # what failed is named all the same
    assert shown.exit_code == 2
    assert shown.stderr.count("ArithmeticError") == 5
    assert "has no two activations to compare yet" in shown.stderr


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_the_table(tmp_path, name):
    shown = run("fake", "--table", name)
    assert shown.exit_code == 0
    assert f"wrote {name}" in shown.stdout
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    assert len(read(tmp_path / name)) == 12


def test_a_name_that_is_given_twice_counts_once(here):
    assert run("fake", "fake").exit_code == 0
    assert len(here.jobs) == 16


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (99.6, "2 min"), (5999, "1 h 40 min"), (7300, "2 h 2 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_where_no_terminal_is_there_is_a_line_now_and_then(monkeypatch, capsys):
    now = iter(range(0, 1000, 40))
    monkeypatch.setattr(study_progress.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(study_progress.err, "_force_terminal", False)
    with study_progress.study_progress() as show:
        for done in range(4):
            show(Progress("fake", done, 0, 10, None if done == 0 else 90.0))
        show(Progress("fake", 5, 1, 10, 80.0))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("fake: 1 of 10 jobs, 90 s left")
    assert 2 <= len(lines) <= 3


def test_a_terminal_has_a_bar(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(study_progress.err, "_force_terminal", True)
    monkeypatch.setattr(study_progress.err, "is_interactive", True)
    with study_progress.study_progress() as show:
        show(Progress("fake", 5, 1, 10, 80.0))
    shown = capsys.readouterr().err
    assert "5/10" in shown
    assert "80 s left, 1 failed" in shown
