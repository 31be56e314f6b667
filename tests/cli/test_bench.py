"""``mish bench``, on real peers and few numbers."""

from __future__ import annotations

import functools
import json

import pytest
from typer.testing import CliRunner

from mish._measure import machine, peers
from mish.bench import full_run
from mish.bench.results import Results
from mish.cli import app

FEW = ["--peers", "numpy", "--rounds", "2"]


def run(*arguments, columns=100):
    return CliRunner().invoke(app, ["bench", *map(str, arguments)], env={"COLUMNS": str(columns)})


@pytest.mark.parametrize("columns", [80, 100])
def test_table_fits_the_terminal(columns):
    shown = run(*FEW, "--size", "1000", columns=columns)
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert "forward, float32, 1,000 elements, one thread" in lines[0]
    if columns == 100:
        labels = ("copy of the array", "mish", "NumPy x*tanh(log1p(exp(x)))")
        assert all(any(f"  {label} " in line for line in lines) for label in labels)
    assert machine.cpu() in shown.stdout


def test_json_on_standard_output_and_nothing_else():
    shown = run(*FEW, "--size", "10,2^4..64", "--op", "backward,d2", "--json")
    assert shown.exit_code == 0
    found = Results.from_dict(json.loads(shown.stdout))
    assert [(case.op, case.size) for case in found.cases] == [
        (op, size) for op in ("backward", "d2") for size in (10, 16, 64)
    ]
    assert found.machine["versions"]["mish"]
    row = found.cases[0].rows[0]
    assert row.seconds > 0
    assert {each.peer for each in found.cases[0].rows} == {"copy", "mish", "numpy"}
    # the expression has no second derivative
    assert [each.peer for each in found.cases[-1].absent] == ["numpy"]


def test_files(tmp_path):
    data, picture = tmp_path / "found.json", tmp_path / "found.png"
    shown = run(*FEW, "--size", "64", "--output", data, "--plot", picture)
    assert shown.exit_code == 0
    assert Results.from_dict(json.loads(data.read_text())).cases[0].size == 64
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(tmp_path.iterdir()) == [data, picture]


def test_all_formats():
    shown = run(*FEW, "--size", "64", "--dtype", "all", "--json")
    cases = Results.from_dict(json.loads(shown.stdout)).cases
    assert [case.dtype for case in cases] == list(peers.DTYPES)
    for case in cases:
        (ours,) = (row for row in case.rows if row.peer == "mish")
        assert ours.specials == 0
        assert ours.worst < 1


def test_list_names_every_peer():
    shown = run("--list")
    assert shown.exit_code == 0
    for peer in peers.PEERS:
        (line,) = (line for line in shown.stdout.splitlines() if line.startswith(f"{peer.name} "))
        assert line.endswith("not installed" if peer.missing() else "installed")


def test_list_as_json():
    found = json.loads(run("--list", "--json").stdout)["peers"]
    assert [peer["name"] for peer in found] == [peer.name for peer in peers.PEERS]


@pytest.mark.slow
def test_full_writes_every_file(tmp_path, monkeypatch):
    monkeypatch.setattr(full_run, "DTYPES", ("float32",))
    monkeypatch.setattr(full_run, "_MEMORY_SIZE", 1 << 16)
    monkeypatch.setattr(full_run, "THREADED", 1 << 12)
    monkeypatch.setattr(full_run.imports, "measure", functools.partial(full_run.imports.measure, 1))
    monkeypatch.setattr(full_run, "_SECONDS", dict.fromkeys(full_run._SECONDS, 0.0))
    monkeypatch.setattr(full_run, "CURVE", (16, 1024, full_run.SIZE))
    monkeypatch.setattr(full_run, "RESULTS_AT", (1 << 12,))
    monkeypatch.setattr("mish.bench.page.RESULTS_AT", (1 << 12,))
    shown = run("--peers", "numpy", "--full", tmp_path)
    assert shown.exit_code == 0
    name = machine.slug()
    files = [f"{name}-bars.png", f"{name}-curve.png", f"{name}.json", f"{name}.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    found = Results.from_dict(json.loads((tmp_path / f"{name}.json").read_text()))
    assert {case.size for case in found.cases if case.threads == 1} == {
        *full_run.OVERHEAD,
        16,
        1024,
        full_run.SIZE,
        1 << 12,
    }
    assert {case.sigma for case in found.cases} == {1.0, 3.0}
    assert found.import_time.extra == []
    page = (tmp_path / f"{name}.md").read_text()
    assert f"({name}-bars.png)" in page
    assert "| numpy | " not in page
    for part in ("σ = 1:", "σ = 3:", "| **mish, given** |", "| **mish, new** |"):
        assert part in page
    assert all(f"wrote {tmp_path / file}" in shown.stdout for file in files)
