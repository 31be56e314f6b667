"""``mish formula``."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from mish import symbolic
from mish.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["formula", *map(str, arguments)], env={"COLUMNS": "100"})


@pytest.mark.parametrize("format", symbolic.FORMATS)
def test_prints_what_the_module_gives(format):
    shown = run("--order", 2, "--format", format, "--form", "sigmoid")
    assert shown.exit_code == 0
    assert shown.stdout == symbolic.formula(2, "sigmoid").text(format, 100) + "\n"


def test_json_has_every_format():
    shown = json.loads(run("--order", 1, "--json").stdout)
    assert (shown["order"], shown["form"]) == (1, "exp")
    assert set(symbolic.FORMATS) <= set(shown)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--format", "html"], 2, "--format must be one of unicode, latex, python, c, sympy"),
        (["--form", "cosh"], 2, "--form must be one of tanh, exp, sigmoid, not cosh"),
        (["--order", "-1"], 2, "Invalid value for '--order'"),
    ],
)
def test_bad_input(arguments, code, message):
    shown = run(*arguments)
    assert (shown.exit_code, shown.stdout) == (code, "")
    assert message in shown.stderr


def test_a_formula_that_fails_its_check_is_not_printed(monkeypatch):
    def refuse(order, form):
        raise ArithmeticError("derivative 1 by this formula is 3")

    monkeypatch.setattr(symbolic, "formula", refuse)
    shown = run("--order", 1)
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "derivative 1 by this formula is 3" in shown.stderr


def test_without_sympy(monkeypatch):
    for name in [each for each in sys.modules if each.startswith("mish.symbolic")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("mish.symbolic")
    monkeypatch.setitem(sys.modules, "sympy", None)
    shown = run()
    assert shown.exit_code == 2
    assert "pip install 'mish[symbolic]'" in shown.stderr
