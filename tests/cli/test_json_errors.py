"""With --json, every command answers with one JSON object, also when it fails."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mish.cli import app

WRONG = [
    ("optimize", "no.onnx", "-o", "out.onnx"),
    ("optimize", "no.onnx", "--dry-run"),
    ("optimize", "no.onnx"),
    ("optimize", "no.onnx", "-o", "out.onnx", "--form", "fast"),
    ("optimize", "no.onnx", "-o", "out.onnx", "--rtol", "x"),
    ("optimize", "no.onnx", "-o", "out.onnx", "--threads", "0"),
    ("optimize", "--no-such-option"),
    ("optimize",),
    ("formula", "--format", "runes"),
    ("facts", "--compare", "--gains"),
    ("cost", "--gpu", "abacus"),
    ("bench", "--dtype", "float8"),
    ("study", "no-such-study"),
    ("verify", "--dtype", "float8"),
    ("caffe2", "run", "no.pb", "-o", "out.npz"),
    ("caffe2", "to-onnx", "no.pb", "-o", "out.onnx"),
    ("info", "--no-such-option"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_an_error_is_an_object(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 2
    facts = json.loads(result.stdout)
    assert facts["error"]
    assert " ".join(result.stderr.split())  # for people, as ever


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_without_it_standard_output_stays_empty(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 2
    assert result.stdout == ""


def test_one_command_leaves_nothing_for_the_next():
    assert CliRunner().invoke(app, ["facts", "--compare", "--gains", "--json"]).stdout
    assert CliRunner().invoke(app, ["plot"]).stdout == ""
