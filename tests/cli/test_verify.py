"""``mish verify``."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mish._measure import verify
from mish._truth import sweeps
from mish.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["verify", *arguments], env={"COLUMNS": "100"})


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """A thousandth of the inputs."""
    monkeypatch.setattr(verify, "_STEP", 1_000_003)
    monkeypatch.setattr(verify, "_FEW", 1 << 10)


def test_ours_holds_in_every_format():
    shown = run("--json", "--order", "0,2")
    assert shown.exit_code == 0
    found = json.loads(shown.stdout)
    assert found["peer"] == "mish"
    assert [(each["dtype"], each["order"]) for each in found["sweeps"]] == [
        (dtype, order) for dtype in verify.BOUNDS for order in (0, 2)
    ]
    for each in found["sweeps"]:
        assert each["holds"]
        assert 0.4 < each["errors"]["worst"] < 1
        assert each["errors"]["specials"] == 0
        assert abs(float.fromhex(each["at"])) == abs(each["errors"]["at"])
        assert each["errors"]["count"] > 15_000


@pytest.mark.slow
def test_table_is_readable_in_80_columns():
    shown = CliRunner().invoke(app, ["verify", "--dtype", "float64"], env={"COLUMNS": "80"})
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert shown.stdout.count("  float64 ") == 4


def test_table_shows_the_worst_inputs():
    shown = run("--dtype", "float16", "--order", "1")
    assert shown.exit_code == 0
    cells = shown.stdout.split()
    assert {"float16", "all", "0.5", "0.499995"} <= set(cells)
    assert "-0.000228881836" in cells or "0.000228881836" in cells
    assert max(map(len, shown.stdout.splitlines())) <= 100


def test_a_peer_has_no_bound():
    shown = run("--peer", "numpy", "--dtype", "float32,bfloat16", "--order", "0,3", "--json")
    assert shown.exit_code == 0
    first, third, *narrow = json.loads(shown.stdout)["sweeps"]
    assert first["bound"] is None
    assert first["errors"]["worst"] > 3
    assert first["errors"]["specials"] == 1
    assert third["errors"] is None
    assert third["note"] == "peers are not asked for order 3"
    assert all(each["errors"] is None for each in narrow)
    assert "none: peers are not asked" in " ".join(
        run("--peer", "numpy", "--dtype", "float32", "--order", "3").stdout.split()
    )


def test_a_broken_bound_is_refused(monkeypatch):
    def wrong(x):
        return np.nextafter(sweeps.UFUNCS[1](x), np.float32(2))

    monkeypatch.setitem(sweeps.UFUNCS, 0, wrong)
    shown = run("--dtype", "float32", "--order", "0")
    assert shown.exit_code == 1
    assert "float32, order 0: the bound is broken" in shown.stderr


@pytest.mark.parametrize(
    ("worst", "specials", "holds"),
    [(0.99, 0, True), (1.01, 0, False), (0.5, 1, False), (float("nan"), 0, False)],
)
def test_when_a_bound_holds(worst, specials, holds):
    errors = sweeps.Errors(10, worst, 1.0, specials)
    sweep = verify.Sweep("float32", 0, "all", errors, 1.0, 0.0)
    assert sweep.holds == holds
    assert dataclasses.replace(sweep, bound=None).holds
    assert dataclasses.replace(sweep, errors=None).holds


@pytest.mark.slow
def test_exhaustive_is_everything(monkeypatch):
    asked = []

    def whole(order, threads, on_part):
        asked.append(order)
        return sweeps.Errors(2**32, 0.5, 1.0, 0)

    monkeypatch.setattr(sweeps, "float32", whole)
    monkeypatch.setattr(verify, "_MANY", 1 << 11)
    shown = run("--exhaustive", "--dtype", "float32,float64", "--order", "1", "--json")
    narrow, wide = json.loads(shown.stdout)["sweeps"]
    assert asked == [1]
    assert narrow["inputs"] == "all"
    assert narrow["errors"]["count"] == 2**32
    assert wide["inputs"].startswith("2,048 random, ")


def test_without_the_reference_float64_is_judged_natively(monkeypatch):
    monkeypatch.setattr(verify, "_has_reference", lambda: False)
    shown = run("--dtype", "float64", "--order", "0", "--json")
    (found,) = json.loads(shown.stdout)["sweeps"]
    assert found["inputs"] == "1,024 random"
    assert found["errors"]["count"] == 1024
