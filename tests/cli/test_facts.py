"""``mish facts``."""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from mish import facts
from mish.cli import app
from mish.facts import claims


def run(*arguments):
    return CliRunner().invoke(app, ["facts", *map(str, arguments)], env={"COLUMNS": "200"})


def test_table():
    shown = run("--digits", 15).stdout
    assert "x·tanh(ln(1 + eˣ))" in shown
    assert "−1.1924312145155" in shown
    assert "beyond, a series in the tail keeps f′ off 0" in " ".join(shown.split())


def test_json_has_enclosures():
    shown = json.loads(run("gelu", "--json").stdout)
    assert shown["name"] == "gelu"
    x = shown["facts"]["minimum"]["numbers"]["x"]
    low, high = Decimal(x["low"]), Decimal(x["high"])
    assert 0 < high - low < Decimal("1e-38")
    assert abs(low + Decimal("0.75179152469356445745790494678")) < Decimal("1e-28")
    assert set(shown["facts"]) == set(facts.certified("gelu").facts)


def test_comparison():
    shown = run("--compare").stdout
    for name in facts.ACTIVATIONS:
        assert facts.certified(name).label in shown
    rows = json.loads(run("--compare", "--json").stdout)["activations"]
    assert [row["name"] for row in rows] == list(facts.ACTIVATIONS)


def test_gains():
    assert "1.486848" in run("--gains").stdout
    assert json.loads(run("--gains", "--json").stdout)["relu"]["growth"] == pytest.approx(1)


def test_one_claim():
    shown = run("--claim", "bounded-range")
    assert "half true" in shown.stdout
    data = json.loads(run("--claim", "bounded-range", "--json").stdout)
    assert data["command"] == "mish facts --claim bounded-range"
    assert data["numbers"]["low"] == pytest.approx(-0.3088434)


def test_all_claims_as_table_and_page(monkeypatch):
    some = [claims.judge(name) for name in ("bounded-range", "smooth")]
    monkeypatch.setattr(claims, "judge_all", lambda: some)
    assert run("--claims").stdout.count("Its range is bounded") == 1
    assert run("--claims", "--markdown").stdout == claims.page(some)
    assert len(json.loads(run("--claims", "--json").stdout)["claims"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tanh"], "ACTIVATION must be one of mish, silu"),
        (["--claim", "x"], "--claim must be one of derivative-sech"),
        (["--claims", "--compare"], "give one of --compare, --gains, --claims and --claim"),
        (["--markdown"], "--markdown goes with --claims"),
        (["--digits", "0"], "Invalid value for '--digits'"),
    ],
)
def test_bad_input(arguments, message):
    shown = run(*arguments)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert message in " ".join(shown.stderr.split())


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "sklearn.datasets", raising=False)
    shown = run("--claim", "noisy-data")
    assert shown.exit_code == 2
    assert "pip install 'mish[claims]'" in shown.stderr
