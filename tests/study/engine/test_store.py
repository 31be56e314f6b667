"""The database of finished jobs."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys

import pytest

from mish.study._cells import canonical
from mish.study._jobs import Finished, Job
from mish.study._store import DatabaseError, Store


def job(**changes):
    facts = {
        "study": "labels",
        "version": 1,
        "scale": "full",
        "stage": "run",
        "activation": "mish",
        "seed": 3,
        "settings": canonical({"wrong": 0.1 + 0.2, "kind": "symmetric", "clip": True}),
        "rate": 0.1,
    }
    return Job(**(facts | changes))


def finished(which, **results):
    results = results or {"accuracy": 1 / 3, "loss": math.nan}
    return Finished(which, results, 0.25, "2026-01-01T00:00:00+00:00", {"mish": "1"}, "a CPU")


def test_what_is_kept_comes_back_bit_for_bit(tmp_path):
    kept = finished(job())
    with Store(tmp_path / "d", create=True) as store:
        store.add(kept)
    with Store(tmp_path / "d") as store:
        (found,) = store.finished("labels", 1).values()
        assert store.finished("labels", 2) == store.finished("depth", 1) == {}
    assert (found.job, found.seconds, found.when, found.software, found.machine) == (
        *(kept.job, kept.seconds, kept.when, kept.software, kept.machine),
    )
    assert found.results["accuracy"] == 1 / 3
    assert math.isnan(found.results["loss"])
    assert found.job.cell.settings == {"wrong": 0.1 + 0.2, "kind": "symmetric", "clip": True}


@pytest.mark.parametrize("rate", [0.1, None])
def test_a_job_has_one_row(tmp_path, rate):
    with Store(tmp_path / "d", create=True) as store:
        store.add(finished(job(rate=rate), accuracy=1.0))
        store.add(finished(job(rate=rate), accuracy=2.0))
        (found,) = store.finished("labels", 1).values()
        assert found.results == {"accuracy": 1.0}


@pytest.mark.parametrize(
    "change",
    [
        {"scale": "quick"},
        {"stage": "tune"},
        {"activation": "relu"},
        {"seed": 4},
        {"settings": canonical({"wrong": 1})},
        {"rate": 0.2},
        {"rate": None},
    ],
    ids=str,
)
def test_another_job_has_another_row(tmp_path, change):
    with Store(tmp_path / "d", create=True) as store:
        store.add(finished(job()))
        store.add(finished(job(**change)))
        assert len(store.finished("labels", 1)) == 2


def test_settings_are_written_in_one_way():
    assert canonical({"b": 1, "a": 2.0}) == canonical({"a": 2.0, "b": 1}) == '{"a":2.0,"b":1}'
    assert canonical({"a": 1}) != canonical({"a": True}) != canonical({"a": 1.0})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": math.nan})


def test_only_one_process_runs_jobs(tmp_path):
    path = tmp_path / "d"
    hold = f"""
import pathlib
from mish.study._store import Store
with Store(pathlib.Path({str(path)!r}), create=True) as store, store.writing():
    print("in", flush=True)
    input()
"""
    with (
        subprocess.Popen(
            [sys.executable, "-c", hold],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as other,
        Store(path, create=True) as store,
    ):
        assert other.stdout.readline() == "in\n"
        assert store.finished("labels", 1) == {}  # others may read meanwhile
        with pytest.raises(DatabaseError, match="another process runs studies"), store.writing():
            pass
        other.kill()
        other.communicate()
        with store.writing():  # the system has lifted the lock
            store.add(finished(job()))
    assert [each.name for each in tmp_path.iterdir()] == ["d"]


def test_a_database_where_nothing_can_be_written_can_be_read(tmp_path):
    path = tmp_path / "d"
    with Store(path, create=True) as store, store.writing():
        store.add(finished(job()))
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with Store(path) as store:
            assert len(store.finished("labels", 1)) == 1
    finally:
        tmp_path.chmod(0o700)


def another_version(path):
    with Store(path, create=True) as store:
        store.add(finished(job()))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=2")
    connection.close()


def another_program(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE job (id)")
    connection.close()


def no_database(path):
    path.write_text("study,activation\n" * 100)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (another_version, "is a database of version 2, and this mish reads version 1: give anoth"),
        (another_program, "is a database of another program: give another file"),
        (no_database, "cannot open the database .*: file is not a database"),
    ],
)
@pytest.mark.parametrize("create", [False, True])
def test_what_is_no_such_database_stays_as_it_is(tmp_path, make, message, create):
    path = tmp_path / "d"
    make(path)
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match=message):
        Store(path, create=create)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_there_is_none(tmp_path):
    with pytest.raises(
        DatabaseError, match=r"there is no database .*: `mish study NAME` makes one"
    ):
        Store(tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_becomes_a_database_when_it_is_to_be_written(tmp_path):
    path = tmp_path / "d"
    path.touch()
    with pytest.raises(DatabaseError, match="d is empty: `mish study NAME` fills it"):
        Store(path)
    assert path.read_bytes() == b""
    with Store(path, create=True) as one, Store(path, create=True) as other:
        one.add(finished(job()))
        assert len(other.finished("labels", 1)) == 1


def test_a_full_disk_keeps_what_was_there(tmp_path):
    path = tmp_path / "d"
    with Store(path, create=True) as store:
        store.add(finished(job()))
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(DatabaseError, match=r"cannot write the database .* is full"):
            for seed in range(4, 200):
                store.add(finished(job(seed=seed)))
        kept = len(store.finished("labels", 1))
    with Store(path) as store:
        assert len(store.finished("labels", 1)) == kept >= 1
