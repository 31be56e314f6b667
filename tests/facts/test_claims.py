"""The claims, and the page that is made of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from flint import arb

from mish import reference
from mish.facts import claims
from mish.facts.claims import _approximations, _formulas, _networks, _page, _work

PAGE = Path(__file__).parents[2] / "docs" / "claims.md"
SLOW = {"noisy-data"}
VERDICTS = {
    "derivative-sech": "false",
    "derivative-square": "false",
    "second-derivative": "false",
    "bounded-range": "half true",
    "cheaper-than-swish": "false",
    "one-exponential": "half true",
    "tail-gradient": "false",
    "smoother-than-swish": "false",
    "oscillating-curvature": "false",
    "smooth": "true",
    "non-monotonic": "true",
    "vanishing-gradients": "half true",
    "noisy-data": "half true",
    "cudnn": "false",
    "regression-output": "half true",
    "newton": "half true",
    "approximation-sigmoid": "half true",
    "approximation-hard-mish": "false",
    "approximation-relu5": "false",
    "approximation-cubic": "false",
}


@pytest.fixture(scope="module")
def judged():
    return {name: claims.judge(name) for name in claims.NAMES if name not in SLOW}


def test_verdicts(judged):
    assert set(VERDICTS) == set(claims.NAMES)
    assert {name: claim.verdict for name, claim in judged.items()} == {
        name: verdict for name, verdict in VERDICTS.items() if name not in SLOW
    }


def test_each_claim_has_numbers_and_a_command(judged):
    for name, claim in judged.items():
        assert claim.numbers and claim.how
        assert claim.command == f"mish facts --claim {name}"


def test_the_page_is_current(judged):
    page = PAGE.read_text(encoding="utf-8")
    for claim in judged.values():
        if claim.exact:
            assert _page.row(claim) in page, f"docs/claims.md is out of date: {claim.command}"
    for name, verdict in VERDICTS.items():
        (row,) = re.findall(rf"^\|.*`mish facts --claim {name}`.*$", page, re.MULTILINE)
        assert f"| **{verdict}** |" in row
    assert page.count("\n| ") == len(VERDICTS) + 1


def test_a_right_formula_is_called_true():
    claim = _formulas._judge("x", "x", lambda x: reference.ball(x, 1), 1)
    assert claim.verdict == "true"

    def nearly(x):
        return reference.ball(x, 1) + arb(2) ** -60

    assert _formulas._judge("x", "x", nearly, 1).verdict == "false"


def test_the_right_formula_without_the_square():
    def right(x):
        e, softplus = x.exp(), x.exp().log1p()
        return softplus.tanh() + x * e / (e + 1) / softplus.cosh() ** 2

    assert _formulas._judge("x", "x", right, 1).verdict == "true"


def test_refuting_numbers(judged):
    assert judged["derivative-sech"].numbers["exact"] == 0.6
    assert judged["derivative-sech"].numbers["claimed"] == pytest.approx(-0.4)
    assert judged["derivative-square"].numbers["claimed"] == pytest.approx(0.914567, abs=1e-6)
    assert judged["regression-output"].numbers["share_below"] == pytest.approx(0.37872, abs=1e-5)


def test_the_best_beta_is_best(judged):
    numbers = judged["approximation-sigmoid"].numbers
    for other in (numbers["beta"] - 0.01, numbers["beta"] + 0.01):
        off = _approximations.distance(
            lambda x, beta=other: x * _approximations._logistic(beta * x)
        )
        assert off.error > numbers["error"]


def test_operations_are_counted():
    counts = _work._operations(_work._mish)
    assert counts == {"exponential": 1, "multiplication": 2, "addition": 2, "division": 1}


def test_one_network_learns_in_spite_of_wrong_labels():
    assert 0.75 < _networks.accuracy_on_digits("mish", 0, 0.4) < 0.95


def test_slopes_of_the_networks_activations():
    x = np.linspace(-6, 6, 1001)
    for function, slope in _networks.ACTIVATIONS.values():
        middle = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
        np.testing.assert_allclose(slope(x)[x != 0], middle[x != 0], atol=1e-8)


def test_unknown_claim():
    with pytest.raises(ValueError, match="claim must be one of derivative-sech"):
        claims.judge("x")
