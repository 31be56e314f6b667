"""Bad input to ``mish study`` and `mish.study`: a clear message, and finished runs are kept."""

from __future__ import annotations

import json
import sqlite3
import sys

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", exc_type=ImportError)

import fake_study

from mish import study
from mish.cli import app
from mish.study import Tuning, _cluster
from mish.study import activations as registry


def run(*arguments):
    return CliRunner().invoke(app, ["study", *map(str, arguments)])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_STUDY", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lables"], "no study is called 'lables'; did you mean labels?"),
        (["nothing-like-it"], "no study is called 'nothing-like-it'; there are labels, inputs,"),
        (["fake", "all", "lables"], "no study is called 'lables'"),
        (["fake", "--activation", "mihs"], "did you mean mish?"),
        (["fake", "--database", "missing/d.sqlite"], "there is no directory missing"),
        (["fake", "--database", "."], "cannot write .: it is a directory"),
        (["fake", "--workers", "0"], "--workers"),
        (["fake", "--seeds", "0"], "--seeds"),
        (["fake", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "its workers do the jobs"),
        (["fake", "--scheduler", "no address"], "no Dask scheduler answers at no address"),
        (["fake", "--scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler answers at tcp://127.0"),
        (["fake", "--report", "a.pdf"], "a.pdf must end in .html"),
        (["fake", "--report", "missing/a.html"], "there is no directory missing"),
        (["fake", "--table", "a.xlsx"], "a.xlsx must end in .parquet or .csv"),
        (["--seeds", "2"], "--seeds needs the NAME of a study, or all"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler needs the NAME of a study, or all"),
        (["--table", "a.csv"], "there is no database study.sqlite: `mish study NAME` makes one"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_the_command(folder, monkeypatch, arguments, message):
    monkeypatch.setattr(_cluster, "_CONNECT", 0.5)
    shown = run(*arguments)
    assert shown.exit_code == 2, shown.output
    assert message in " ".join(shown.stderr.split())
    assert shown.stdout == ""
    assert list(folder.iterdir()) == []
    assert "error" in json.loads(run(*arguments, "--json").stdout)


def test_a_database_of_another_version_stays_as_it_is(folder):
    connection = sqlite3.connect(folder / "study.sqlite")
    connection.executescript("CREATE TABLE job (id); PRAGMA user_version=7;")
    connection.execute(f"PRAGMA application_id={int.from_bytes(b'Mish', 'big')}")
    connection.close()
    before = (folder / "study.sqlite").read_bytes()
    for arguments in (["fake"], [], ["--report", "a.html"]):
        shown = run(*arguments)
        assert shown.exit_code == 2
        assert "study.sqlite is a database of version 7, and this mish reads version 1" in (
            " ".join(shown.stderr.split())
        )
    assert [path.name for path in folder.iterdir()] == ["study.sqlite"]
    assert (folder / "study.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": "medium"}, "scale must be one of quick, full, not 'medium'"),
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"seeds": -1}, "seeds must be at least 1, not -1"),
        ({"activations": []}, "activations must name at least one"),
        ({"activations": ["mihs"]}, "did you mean mish"),
    ],
    ids=str,
)
def test_run(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        study.run(["fake"], database=folder / "d.sqlite", **arguments)
    assert list(folder.iterdir()) == []


def test_an_activation_without_a_derivative_is_no_activation():
    import torch

    class Step(torch.nn.Module):
        def forward(self, x):
            return (x > 0).to(x.dtype)

    with pytest.raises(ValueError, match="'step' has no derivative"):
        registry.register("step", Step, smooth=False)
    assert "step" not in registry.names()


def test_an_activation_that_workers_would_not_find(folder, monkeypatch):
    import torch

    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))
    registry.register("local", lambda: torch.nn.Hardtanh(-2, 2), smooth=False)
    with pytest.raises(ValueError, match="activation 'local' cannot be sent to worker processes"):
        study.run(["fake"], database=folder / "d.sqlite", activations=["local"])
    assert list(folder.iterdir()) == []


def test_a_study_that_workers_would_not_find():
    class Local(fake_study.Fake):
        name = "local"

    with pytest.raises(ValueError, match="must be called STUDY in the module of its class"):
        study.register(Local())


def test_a_study_of_a_name_that_is_taken(monkeypatch):
    module = type(sys)("another")
    module.STUDY = type("Another", (fake_study.Fake,), {"__module__": "another"})()
    monkeypatch.setitem(sys.modules, "another", module)
    with pytest.raises(ValueError, match="a study is called 'fake' already: choose another name"):
        study.register(module.STUDY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tuning": lambda *_: Tuning((0.1,), {}, (1, 200), "loss", "lower")},
            r"the study 'fake' tunes with seeds of its runs, \[1\]: they must be others",
        ),
        (
            {"settings": lambda *_: [{"noise": 0.0}, {"kind": "plain"}]},
            "the settings of the study 'fake' differ in their names",
        ),
        (
            {"settings": lambda *_: [{"noise": 0.0, "rate": 1}]},
            "a setting of the study 'fake' is called 'rate', as a column of results is",
        ),
    ],
    ids=["seeds", "names", "reserved"],
)
def test_a_study_that_contradicts_itself(folder, monkeypatch, changes, message):
    for name, value in changes.items():
        monkeypatch.setattr(fake_study.Fake, name, value)
    with pytest.raises(ValueError, match=message):
        study.run(["fake"], database=folder / "d.sqlite")
