"""``mish info``."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from mish._numpy.config import show_config
from mish.cli import app


def test_table_shows_the_facts():
    shown = CliRunner().invoke(app, ["info"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    facts = show_config(as_dict=True)
    for fact in (facts["version"], facts["isa"], facts["numpy"], facts["machine"]):
        assert fact in shown.stdout
    for name, release in facts["frameworks"].items():
        assert f"{name} {release}" in shown.stdout


def test_table_shows_the_override(monkeypatch):
    monkeypatch.setenv("MISH_ISA", "baseline")
    assert "MISH_ISA=baseline" in CliRunner().invoke(app, ["info"]).stdout


def test_json_is_the_facts_and_nothing_else():
    shown = CliRunner().invoke(app, ["info", "--json"])
    assert shown.exit_code == 0
    assert json.loads(shown.stdout) == show_config(as_dict=True)
    assert shown.stderr == ""
