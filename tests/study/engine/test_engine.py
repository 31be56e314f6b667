"""What is planned, what is left, and what is told of it; the jobs are done in this process."""

from __future__ import annotations

import math

import pytest
from fake_workers import Here
from study_rows import JOBS, rows

from mish import study
from mish.study import Progress, _engine

pytestmark = pytest.mark.slow  # they train, or start processes that do


@pytest.fixture
def here(monkeypatch):
    """Let the engine have these workers."""
    found = Here()
    monkeypatch.setattr(_engine, "_workers", lambda count, scheduler: found)
    return found


@pytest.fixture
def path(tmp_path):
    return tmp_path / "d.sqlite"


def test_tuning_comes_first_and_seeds_are_in_order(here, path):
    study.run(["fake"], database=path)
    assert [job.stage for job in here.jobs] == ["tune"] * 4 + ["run"] * 12
    seeds = [job.seed for job in here.jobs if job.stage == "run"]
    assert seeds == sorted(seeds)
    # -0.1 is less than -0.01; relu diverges there
    assert {(job.activation, job.rate) for job in here.jobs if job.stage == "run"} == {
        ("mish", 0.1),
        ("relu", 0.01),
    }


def test_what_is_told_on_the_way(here, path):
    shown: list[Progress] = []
    study.run(["fake"], database=path, on_progress=shown.append)
    assert shown[0] == Progress("fake", 0, 0, JOBS, None)
    assert [each.done for each in shown] == sorted(each.done for each in shown)
    assert shown[-1] == Progress("fake", JOBS, 0, JOBS, 0.0)
    assert {each.seconds_left for each in shown if each.done == JOBS - 3} == {
        3 * 2.0 / 2
    }  # three jobs of 2 s on two workers


def test_fewer_seeds_and_activations_first_and_the_rest_later(here, path):
    first = study.run(["fake"], database=path, activations=["mish"], seeds=1)
    assert (first.found, first.done) == (0, 2 + 2)
    second = study.run(["fake"], database=path)
    assert (second.found, second.done) == (4, JOBS - 4)
    assert len(here.jobs) == len(set(here.jobs)) == len(rows(path)) == JOBS


def test_a_scale_is_run_by_itself(here, path):
    study.run(["fake"], database=path)
    assert study.run(["fake"], database=path, scale="quick").done == JOBS


def test_runs_whose_tuning_failed_wait_for_it(here, path):
    here.bad = lambda job: (job.stage, job.activation, job.rate) == ("tune", "relu", 0.1)
    shown: list[Progress] = []
    summary = study.run(["fake"], database=path, on_progress=shown.append)
    assert (len(summary.failed), summary.untuned, summary.done) == (1, 6, JOBS - 7)
    assert shown[-1] == Progress("fake", JOBS - 7, 1, JOBS, 0.0)
    here.bad = lambda job: False
    assert study.run(["fake"], database=path).done == 7


def test_results_are_of_the_best_rate_alone(here, path, monkeypatch):
    import fake_study

    study.run(["fake"], database=path)
    monkeypatch.setattr(
        fake_study.Fake,
        "tuning",
        lambda self, scale, settings: study.Tuning(
            (0.01, 0.001), {"noise": 0.0, "kind": "tuning"}, (100,), "loss", "lower"
        ),
    )
    study.run(["fake"], database=path)
    assert set(study.results(path, "fake")["rate"]) == {0.001}


def test_results_of_another_version_are_not_used(here, path, monkeypatch):
    import fake_study

    study.run(["fake"], database=path)
    monkeypatch.setattr(fake_study.Fake, "version", 2)
    assert len(study.results(path, "fake")) == 0
    assert study.run(["fake"], database=path).found == 0


def test_results_are_a_tidy_table(database):
    frame = study.results(database, "fake")
    columns = "study version scale activation seed noise kind rate measure value seconds"
    assert list(frame.columns) == columns.split()
    assert len(frame) == 12
    assert set(frame["measure"]) == {"loss"}
    assert set(frame["rate"]) <= {0.01, 0.1}
    assert set(frame["noise"]) == {0.0, 0.5}
    assert all(map(math.isfinite, frame["value"]))
    assert not frame.duplicated(["activation", "seed", "noise"]).any()


def test_the_outlook_knows_times_once_there_are_some(here, path):
    (before,) = study.outlook(["fake"], database=path)
    assert (before.jobs, before.finished, before.seconds_left) == (JOBS, 0, None)
    assert not path.exists()
    study.run(["fake"], database=path, activations=["mish"])
    (after,) = study.outlook(["fake"], database=path)
    assert (after.finished, after.seconds_left) == (JOBS // 2, JOBS // 2 * 2.0)
