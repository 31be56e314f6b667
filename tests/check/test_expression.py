"""Formulas that people write for Mish and its derivatives, right and wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mish import check, symbolic

DELTA, OMEGA = "(2*exp(x) + exp(2*x) + 2)", "(4*(x+1) + 4*exp(2*x) + exp(3*x) + exp(x)*(4*x+6))"
GATE = "tanh(softplus(x))"


def judge(text, order=0):
    return check.expression(text, order, [])


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("x*tanh(log(1 + exp(x)))", 0),
        ("x * tf.math.tanh(tf.nn.softplus(x))", 0),
        ("x * softplus(x).tanh()", 0),
        ("x·tanh(ln(1+e^x))", 0),
        ("x*tanh(max(x, 0) + log1p(exp(-abs(x))))", 0),
        ("x*(1 - 2/((1+exp(x))^2 + 1))", 0),
        ("x*tanh(log(2*cosh(x/2)) + x/2)", 0),
        ("x*np.tanh(np.logaddexp(0, x))", 0),
        (f"exp(x)*{OMEGA}/{DELTA}**2", 1),
        (f"{GATE} + x*sigmoid(x)*(1 - {GATE}**2)", 1),
        (f"{GATE} + x*sigmoid(x)/cosh(softplus(x))**2", 1),
    ],
)
def test_right_ones_are_proved(text, order):
    report = judge(text, order)
    assert report.agrees and report.certified and not report.points.differences


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("form", ["exp", "sigmoid"])
def test_our_own_closed_forms_are_proved(order, form):
    text = symbolic.formula(order, form).text("sympy")
    assert judge(text, order).certified
    assert judge(text, order + 1).agrees is False
    assert judge(f"-({text})", order).agrees is False


@pytest.mark.parametrize(
    ("text", "order", "x", "given", "exact"),
    [
        ("x*tanh(exp(x))", 0, 1, "0.99132", "0.86509"),
        ("x*tanh(log(exp(x)))", 0, 1, "0.76159", "0.86509"),
        ("x*sigmoid(softplus(x))", 0, 1, "0.78805", "0.86509"),
        # misprints: a sign in δ, δ without its square, a sign before a term of ω
        (f"exp(x)*{OMEGA}/(2*exp(x) + exp(2*x) - 2)**2", 1, 0, "15", "0.6"),
        (f"exp(x)*{OMEGA}/{DELTA}", 1, 0, "3", "0.6"),
        (f"exp(x)*{OMEGA.replace('+ exp(3*x)', '- exp(3*x)')}/{DELTA}**2", 1, 0, "0.52", "0.6"),
        # a square too many, and a wrong sign
        (f"{GATE} + x*exp(x)/(exp(x)+1)**2/cosh(softplus(x))**2", 1, 1, "0.914", "1.0490"),
        (f"{GATE} - x*sigmoid(x)*(1 - {GATE}**2)", 1, 1, "0.681", "1.0490"),
    ],
)
def test_wrong_ones_differ_by_so_much(text, order, x, given, exact):
    report = judge(text, order)
    assert report.agrees is False and report.certified and not report.unseen
    (there,) = [each for each in report.points.differences if each.x == x]
    assert there.given.startswith(given) and there.exact.startswith(exact[:-1])
    assert there.absolute == pytest.approx(abs(float(there.given) - float(there.exact)))
    assert report.points.largest.absolute >= there.absolute
    assert abs(report.points.first.x) <= Fraction(1, 8)


@pytest.mark.parametrize(
    ("text", "relative"),
    [
        ("x * torch.tanh(F.softplus(x))", 3.5e-26),
        ("x * torch.tanh(torch.nn.functional.softplus(x, beta=1, threshold=20))", 3.5e-26),
        ("x * tanh(where(x > 20, x, log1p(exp(x))))", 3.5e-26),
        ("x * (1 if x > 20 else tanh(softplus(x)))", 8.5e-18),
    ],
)
def test_a_threshold_is_found_and_measured(text, relative):
    report = judge(text)
    assert [part.agrees for part in report.parts] == [True, True, False]
    assert [part.piece.low for part in report.parts] == [None, 20, 20]
    assert 20 < report.points.first.x < 20.01
    assert report.points.first.relative == pytest.approx(relative, rel=0.03)
    assert report.agrees is False and report.unseen
    assert "x ≤ 20: the same\n  x > 20: different" in str(report)


def test_thresholds_on_both_sides_as_tensorflow_addons_has_them():
    text = "x*tanh(x if x > 13.94 else (exp(x) if x < -13.94 else log(1 + exp(x))))"
    report = judge(text)
    assert [part.agrees for part in report.parts] == [None, True, True, True, False]
    assert not report.unseen  # eˣ/2 of the value is missing on the left
    assert 1e-7 < report.points.largest_relative.relative < 1e-6


def test_a_single_point_is_found():
    report = judge("where(x == 0.3, 0, x*tanh(softplus(x)))")
    assert [part.agrees for part in report.parts] == [True, False, True]
    assert report.agrees is False and report.parts[1].piece.low == Fraction(3, 10)
    assert judge("where(x == 0, 0, x*tanh(softplus(x)))").certified


def test_a_hole_is_found():
    report = judge("x**2*tanh(softplus(x))/x")
    assert [part.agrees for part in report.parts] == [True, False, True]
    assert report.points.first.x == 0 and report.points.first.given == "nan"


def test_what_the_algebra_does_not_reach_is_compared_at_points():
    right = judge("x*sqrt(tanh(softplus(x))**2)")
    assert right.agrees and not right.certified
    assert "not proved, for the algebra meets sqrt" in str(right)
    wrong = judge("x*sqrt(tanh(softplus(x)))")
    assert wrong.agrees is False and wrong.certified


def test_what_cannot_be_told_is_not_said():
    report = judge("where(exp(x) == e**x, x*tanh(softplus(x)), 7)")
    assert report.agrees in (True, None)
    report = judge("where(sqrt(exp(x))**2 == exp(x), x*tanh(softplus(x)), 7)")
    assert report.agrees is None and not report.certified
    assert "nothing could be told" in str(report)


@pytest.mark.parametrize("text", ["exp(exp(exp(x)))", "x**9**9**9", "9**9**9**x", "log(x)/0"])
def test_nothing_takes_long(text):
    assert judge(text).agrees is False
