"""What formulas lose in number formats, and which step is to blame."""

from __future__ import annotations

import numpy as np
import pytest

import mish
from mish import check


def losses(text, *dtypes, order=0):
    report = check.expression(text, order, dtypes)
    return {loss.dtype: loss for loss in report.losses}


def test_a_cancelled_tail_is_blamed_on_its_step():
    loss = losses("x*tanh(log(1 + exp(x)))", "float32")["float32"]
    lost, inexact = loss.troubles
    assert (lost.kind, lost.step, lost.how) == ("lost", "log(1 + exp(x))", "becomes 0")
    assert lost.low < -103 and -16.7 < lost.high < -16.5  # 1 + exp(x) rounds to 1
    assert (inexact.kind, inexact.step) == ("inexact", "log(1 + exp(x))")
    assert -4 < inexact.high < -3
    assert loss.worst > 2**23


def test_an_overflow_is_blamed_on_its_step():
    text = "x*(exp(x)**2 + 2*exp(x))/(exp(x)**2 + 2*exp(x) + 2)"
    found = losses(text, "float32", "float16")
    for dtype, place in (("float32", 44.3), ("float16", 5.5)):
        (nan,) = [each for each in found[dtype].troubles if each.kind == "nan"]
        assert nan.how == "overflows" and "exp(x)**2" in nan.step
        assert place < nan.low < place + 0.1


def test_the_stable_formula_loses_the_last_digits_of_the_tail_alone():
    found = losses("x*tanh(softplus(x))", "float64", "float32", "float16")
    assert not found["float16"].troubles and found["float16"].worst < 16
    assert all(each.high < -90 for each in found["float32"].troubles)
    assert all(each.high < -700 for each in found["float64"].troubles)


def test_a_branch_that_is_not_taken_is_not_to_blame():
    text = "where(x > -1e5, x*tanh(log(1 + exp(x))), log(-1 - x*x))"
    report = check.expression(text, 0, ["float16"])
    assert report.agrees is False  # left of −100,000, where no float16 is
    assert not report.losses or all("-1 - x" not in each.step for each in report.losses[0].troubles)


def test_a_wrong_formula_is_not_tried():
    assert not losses("x*tanh(exp(x))", "float32")


def test_functions_are_judged_by_their_values():
    assert check.function(mish.mish_d2, 2).agrees
    report = check.function(lambda x: x * np.tanh(np.log1p(np.exp(x))), 0, ["float32", "float16"])
    assert report.agrees and not report.certified and len(report.losses) == 2
    wrong = check.function(lambda x: x * np.tanh(np.exp(x)))
    assert wrong.agrees is False and not wrong.certified and not wrong.losses
    assert wrong.points.largest.x == 1
    assert check.function(np.log).points.first.given == "-inf"


def test_facts_are_plain():
    facts = check.expression("x*tanh(log(1 + exp(x)))", 0, ["float16"]).facts()
    assert facts["agrees"] and facts["certified"]
    assert facts["pieces"] == [{"from": None, "to": None, "agrees": True, "why": ""}]
    assert facts["formats"][0]["troubles"][0]["step"] == "log(1 + exp(x))"


@pytest.mark.parametrize("order", [0, 2])
def test_bfloat16(order):
    pytest.importorskip("ml_dtypes")
    (loss,) = check.function(lambda x: mish.derivative(x, order), order, ["bfloat16"]).losses
    assert loss.worst <= 0.5 + 2**-40 and not loss.troubles
