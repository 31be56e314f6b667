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


def test_check_says_whether_a_formula_is_right():
    shown = run("--check", "x*tanh(log(1 + exp(x)))", "--dtype", "float32")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("agrees with mish(x): proved\nfloat32: ")
    assert "log(1 + exp(x)) becomes 0" in shown.stdout
    shown = run("--check", "x*sigmoid(softplus(x))", "--order", 1)
    assert shown.exit_code == 1
    assert shown.stdout.startswith("differs from mish′(x): proved\n  first, from 0 outwards: at x")


def test_check_as_json():
    shown = run("--check", "x*torch.tanh(F.softplus(x))", "--json", "--dtype", "float16")
    facts = json.loads(shown.stdout)
    assert shown.exit_code == 1
    assert facts["agrees"] is False and facts["certified"] and facts["below_rounding_of_float64"]
    assert [piece["agrees"] for piece in facts["pieces"]] == [True, True, False]
    assert facts["first"]["relative"] < 1e-25
    assert [loss["dtype"] for loss in facts["formats"]] == ["float16"]
    wrong = run("--check", "x*tanh(lg(x))", "--json")
    assert wrong.exit_code == 2
    assert "at character 8, 'lg'" in json.loads(wrong.stdout)["error"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--format", "html"], 2, "--format must be one of unicode, latex, python, c, javascript"),
        (["--form", "cosh"], 2, "--form must be one of tanh, exp, sigmoid, not cosh"),
        (["--check", "x +"], 2, "--check: the expression is not understood"),
        (["--check", "x", "--order", "101"], 2, "order must be from 0 to 100, not 101"),
        (["--check", "x", "--dtype", "int8"], 2, "--dtype must be of float64, float32, float16"),
        (["--dtype", "float16"], 2, "--dtype belongs to --check"),
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
