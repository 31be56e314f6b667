"""``mish facts``."""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from mish import facts
from mish.cli import app
from mish.facts import claims, mean_field


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


def test_topics():
    assert "−124979/98437500" in run("--topic", "series").stdout
    data = json.loads(run("--topic", "integrals", "--json").stdout)
    assert data["topic"] == "integrals"
    fact = data["facts"]["left_integral"]
    assert fact["identifier"] == "mish.integrals.left_integral"
    assert fact["form"].startswith("Eq(Integral(f(t), (t, -oo, 0)), value)")
    assert fact["numbers"]["value"]["low"].startswith("-0.8836289601030860852287774268")
    every = json.loads(run("relu", "--topic", "all", "--json").stdout)["topics"]
    assert [each["topic"] for each in every] == ["shape", "normal"]


def test_chaos(monkeypatch):
    monkeypatch.setattr(mean_field, "ACTIVATIONS", ("mish", "relu"))
    shown = run("--chaos").stdout
    assert "1.597167" in shown
    assert "none" in shown
    data = json.loads(run("--chaos", "--json").stdout)
    assert data["mish"]["0.3"]["sigma_w"] == pytest.approx(1.421107, abs=1e-6)
    assert data["relu"]["0.3"] is None


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
        (["swish"], "not 'swish'; did you mean silu?"),
        (["Hard-Swish"], "not 'Hard-Swish'; did you mean hard_swish?"),
        (["--claim", "x"], "--claim must be one of derivative-sech"),
        (["--claims", "--compare"], "give one of --compare, --chaos, --gains, --claims and"),
        (["--topic", "x"], "--topic must be one of shape, series, complex, integrals, normal, not"),
        (["relu", "--topic", "series"], "--topic 'series' is told of mish alone, not of relu"),
        (["--topic", "series", "--gains"], "--topic goes with an activation alone"),
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
