"""Closed forms: every format says the same, and a wrong one is not given."""

from __future__ import annotations

import ctypes
import re
import shlex
import shutil
import subprocess

import pytest
import sympy
from sympy.parsing.sympy_parser import (
    convert_xor,
    implicit_multiplication,
    parse_expr,
    standard_transformations,
)

from mish import reference, symbolic
from mish.symbolic import _closed

PLACES = [-700.0, -30.0, -3.25, -1.125, 0.0, 0.5, 2.25, 12.0, 40.0]
CASES = [(order, form) for form in symbolic.FORMS for order in (0, 1, 2, 3, 4, 6)]


def truth(x, order):
    return float(reference.value(x, order, 25))


def check(function, order, form):
    # the textbook form with tanh loses 1 − t² on the right: held to an absolute error there
    scale = max(abs(truth(x, order)) for x in (-1.0, 0.0, 1.0))
    loose = form == "tanh" or order > 4
    for x in PLACES:
        allowed = 1e-9 * scale if loose else 1e-11 * abs(truth(x, order)) + 1e-300
        assert abs(function(x) - truth(x, order)) <= allowed, (x, order, form)


def evaluate(text, x):
    """Evaluate a formula as people write it, to 50 digits."""
    transformations = (*standard_transformations, implicit_multiplication, convert_xor)
    names = {"exp": sympy.exp, "t": sympy.Symbol("t"), "s": sympy.Symbol("s")}
    expression = parse_expr(text, names, transformations)
    e = sympy.exp(sympy.Rational(x))
    meaning = {"x": sympy.Rational(x), "s": e / (1 + e), "t": 1 - 2 / (e**2 + 2 * e + 2)}
    return expression.subs(meaning).evalf(50)


@pytest.mark.parametrize(("order", "form"), CASES)
def test_python(order, form):
    names = {}
    exec(symbolic.formula(order, form).text("python"), names)
    check(names["mish" if order == 0 else f"mish_d{order}"], order, form)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize("form", symbolic.FORMS)
def test_c(tmp_path, form):
    orders = [order for order, each in CASES if each == form]
    source = tmp_path / "formulas.c"
    source.write_text("\n".join(symbolic.formula(order, form).text("c") for order in orders))
    library = tmp_path / "formulas.so"
    subprocess.run(
        shlex.split(
            "cc -std=c99 -Wall -Wextra -Werror -shared -fPIC formulas.c -o formulas.so -lm"
        ),
        cwd=tmp_path,
        check=True,
    )
    loaded = ctypes.CDLL(str(library))
    for order in orders:
        function = loaded["mish" if order == 0 else f"mish_d{order}"]
        function.argtypes, function.restype = [ctypes.c_double], ctypes.c_double
        check(function, order, form)


@pytest.mark.parametrize(("order", "form"), CASES)
def test_sympy(order, form):
    x = sympy.Symbol("x")
    expression = sympy.sympify(symbolic.formula(order, form).text("sympy"))
    assert expression.free_symbols == {x}
    value = expression.subs(x, sympy.Rational(9, 4)).evalf(40)
    assert float(value) == pytest.approx(truth(2.25, order), rel=1e-14)


@pytest.mark.parametrize(("order", "form"), CASES)
def test_unicode(order, form):
    lines = symbolic.formula(order, form).text("unicode", 100).split("\n\n")[0].split("\n")
    assert max(map(len, lines)) <= 100
    above = lines
    below = "1"
    bars = [i for i, line in enumerate(lines) if "──" in line]
    if bars:
        above, below = lines[: bars[0]], lines[bars[0] + 1]
    flat = " ".join(line.partition(" = ")[2] or line for line in above)
    text = f"({flat})/({below})"
    text = re.sub(r"e([⁰¹²³⁴⁵⁶⁷⁸⁹]*)ˣ", lambda m: f" exp({digits(m[1]) or 1}*x) ", text)
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: f"**{digits(m[1])} ", text)
    text = text.replace("−", "-").replace("σ", " s ").replace("t", " t ").replace("x", " x ")
    text = text.replace("e x p", "exp").replace(" s  **", " s**").replace(" t  **", " t**")
    text = text.replace(" s **", " s**").replace(" t **", " t**")
    for x in (-2, 1):
        assert float(evaluate(text, x)) == pytest.approx(truth(x, order), rel=1e-13)


def digits(text):
    return text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))


@pytest.mark.parametrize(("order", "form"), CASES)
def test_latex(order, form):
    text = symbolic.formula(order, form).text("latex")
    assert text.count("{") == text.count("}")
    assert text.count(r"\left(") == text.count(r"\right)")
    body = text.partition("(x) = ")[2].partition(r",\quad")[0]
    body = body.replace(r"\left", "").replace(r"\right", "").replace(r"\sigma", " s ")
    body = re.sub(r"e\^\{(\d*)x\}", lambda m: f" exp({m[1] or 1}*x) ", body)
    body = re.sub(r"\s?\^\{(\d+)\}", r"**\1 ", body)
    fraction = re.fullmatch(r"\\frac\{(.*)\}\{(.*)\}", body)
    if fraction:
        body = f"({fraction[1]})/({fraction[2]})"
    body = re.sub(r"(?<!e)x(?!p)", " x ", body)
    body = re.sub(r"(?<![a-z])t(?![a-z])", " t ", body)
    body = body.replace(" t **", " t**").replace("exp(", " exp(")
    for x in (-2, 1):
        assert float(evaluate(body, x)) == pytest.approx(truth(x, order), rel=1e-13)


def test_the_first_derivative_as_it_is_known():
    assert str(symbolic.formula(1)).split("\n") == [
        "           eˣ(4(x + 1) + 2(2x + 3)eˣ + 4e²ˣ + e³ˣ)",
        "mish′(x) = ───────────────────────────────────────",
        "                       (2 + 2eˣ + e²ˣ)²",
    ]
    assert symbolic.formula(1, "tanh").text().startswith("mish′(x) = t + xσ(1 − t²)\n")


def test_a_wrong_formula_is_refused(monkeypatch):
    right = _closed.closed

    def wrong(order, form):
        closed = right(order, form)
        (product,) = closed.products
        terms = {**product.terms, (0,): (4, 5)}
        return _closed.Closed(
            order, form, (_closed.Product(1, False, product.factors, terms),), closed.power
        )

    monkeypatch.setattr(symbolic, "closed", wrong)
    symbolic.formula.cache_clear()
    with pytest.raises(ArithmeticError, match="derivative 1 by this formula is"):
        symbolic.formula(1, "exp")
    monkeypatch.undo()
    symbolic.formula.cache_clear()


def test_high_order_agrees():
    assert symbolic.formula(15, "exp").order == 15


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1,), ValueError, "order must be 0 or more, not -1"),
        ((1.5,), TypeError, "float"),
        ((1, "cosh"), ValueError, "form must be one of tanh, exp, sigmoid, not 'cosh'"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        symbolic.formula(*arguments)


def test_bad_format():
    with pytest.raises(ValueError, match="format must be one of unicode, latex"):
        symbolic.formula(0).text("html")
