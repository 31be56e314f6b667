"""Certified facts, against mpmath and against plain sampling."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext

import mpmath
import numpy as np
import pytest
from flint import arb

import mish
from mish import facts
from mish.facts import _certify, _pieces, _roots, _smooth, _types

X = np.linspace(-30, 30, 1201)
KINKS = [-3.0, 0.0, 3.0]
DENSE = np.sort(  # with both sides of each kink
    np.concatenate([np.linspace(-12, 12, 2_401), *(np.nextafter(KINKS, to) for to in (-9, 9))])
)
SMOOTH = list(_smooth.SMOOTH)


def by_definition(name):
    """The activation from its definition, in mpmath."""
    return {
        "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
        "silu": lambda x: x / (1 + mpmath.exp(-x)),
        "gelu": lambda x: x * mpmath.ncdf(x),
        "gelu_tanh": lambda x: (
            x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + 0.044715 * x**3)))
        ),
        "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
        "relu": lambda x: max(x, mpmath.mpf(0)),
        "elu": lambda x: x if x > 0 else mpmath.expm1(x),
        "hard_swish": lambda x: x * min(max(x + 3, mpmath.mpf(0)), mpmath.mpf(6)) / 6,
    }[name]


def numbers(name, fact):
    return facts.certified(name)[fact].numbers


@pytest.mark.parametrize("name", facts.ACTIVATIONS)
def test_values_are_those_of_the_definition(name):
    function = by_definition(name)
    with mpmath.workdps(60):
        for x in (-30.5, -3.25, -1.5, -0.125, 0.25, 2.5, 3.5, 30.5):
            for order in range(3):
                exact = mpmath.diff(function, mpmath.mpf(x), order, h=mpmath.mpf(10) ** -18)
                got = facts.values(name, x, order)
                assert got == pytest.approx(float(exact), rel=1e-13, abs=1e-30), (x, order)


def test_values_of_mish_are_the_kernels():
    for order in range(4):
        np.testing.assert_allclose(
            facts.values("mish", X, order), mish.derivative(X, order), rtol=3e-16
        )


def test_values_where_a_piecewise_derivative_jumps():
    assert np.isnan([facts.values("relu", 0.0, order) for order in (1, 2, 3)]).all()
    assert np.isnan(facts.values("elu", 0.0, 2))
    assert facts.values("elu", 0.0, 1) == 1
    np.testing.assert_array_equal(np.isnan(facts.values("hard_swish", [-3, 0, 3], 1)), [1, 0, 1])


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_no_sign_change_is_missed(name, order):
    found = _certify.zeros_of(_smooth.SMOOTH[name], order)
    sampled = np.sign(facts.values(name, X, order))
    # a sample may fall on a zero: 0 lies on the grid
    signs = sampled[sampled != 0]
    changes = np.count_nonzero(np.diff(signs))
    assert len(found.zeros) == changes
    assert (signs[0], signs[-1]) == (found.left_sign, found.right_sign)
    rising = [zero.rising for zero in found.zeros]
    assert rising == [bool(each > 0) for each in np.diff(signs)[np.diff(signs) != 0]]


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_enclosures_hold_mpmaths_zeros(name, order):
    function = by_definition(name)
    for zero in _certify.zeros_of(_smooth.SMOOTH[name], order).zeros:
        with mpmath.workdps(40):
            near = mpmath.mpf(str(_types.Enclosure.of(zero.place).low))
            root = mpmath.findroot(
                lambda x: mpmath.diff(function, x, order, h=mpmath.mpf(10) ** -12), near + 1e-9
            )
        assert abs(float(root) - float(near)) < 1e-10 if name != "gelu_tanh" else 1e-6
        assert float(zero.place.rad()) < 1e-40


def test_known_digits_of_mish():
    assert numbers("mish", "minimum")["x"].text(25) == "−1.192431214515495212137588"
    assert numbers("mish", "minimum")["value"].text(25) == "−0.3088434130172504066287602"
    assert numbers("mish", "lipschitz")["value"].text(15) == "1.08849816125173"
    assert facts.certified("mish")["at_zero"].text() == "f(0) = 0, f′(0) = 0.6, f″(0) = 0.64"


def test_gelu_has_its_closed_forms():
    inflections = numbers("gelu", "inflections")
    with localcontext(Context(prec=60)):
        assert inflections["x1"].low <= Decimal(2).sqrt() <= inflections["x1"].high
    assert numbers("gelu", "curvature_extrema")["x0"].text(30) == "−2"
    assert numbers("gelu", "lipschitz_of_slope")["x"].low == 0


@pytest.mark.parametrize("name", facts.ACTIVATIONS)
def test_ranges_and_constants_are_those_of_samples(name):
    for order, fact in enumerate(("range", "slope_range", "curvature_range")):
        seen = facts.values(name, DENSE, order)
        seen = seen[np.isfinite(seen)]
        ends = numbers(name, fact)
        if "low" in ends:
            assert seen.min() == pytest.approx(float(ends["low"]), abs=1e-4)
            assert seen.min() >= float(ends["low"]) - 1e-15
        if "high" in ends:
            assert seen.max() == pytest.approx(float(ends["high"]), abs=1e-4)
            assert seen.max() <= float(ends["high"]) + 1e-15
    for order, fact in ((1, "lipschitz"), (2, "lipschitz_of_slope")):
        constant = numbers(name, fact).get("value")
        if constant:
            seen = np.abs(facts.values(name, DENSE, order))
            assert np.nanmax(seen) == pytest.approx(float(constant), abs=1e-4)
            assert np.nanmax(seen) <= float(constant) + 1e-15


@pytest.mark.parametrize("name", facts.ACTIVATIONS)
def test_minimum_of_samples(name):
    minimum = numbers(name, "minimum")
    seen = facts.values(name, DENSE)
    if "value" in minimum:
        assert seen.min() == pytest.approx(float(minimum["value"]), abs=1e-4)
    else:
        assert seen.argmin() == 0
    if "x" in minimum:
        assert DENSE[seen.argmin()] == pytest.approx(float(minimum["x"]), abs=1e-2)


def test_asymptotes_hold():
    x = np.linspace(0.01, 30, 3000)
    with mpmath.workdps(300):
        for t in map(mpmath.mpf, x[::100].tolist()):
            mish_ = by_definition("mish")
            assert 0 < t - mish_(t) < 2 * t * mpmath.exp(-2 * t)
            assert 0 < -mish_(-t) < t * mpmath.exp(-t)
            silu = by_definition("silu")
            assert 0 < t - silu(t) < t * mpmath.exp(-t)
            gelu = by_definition("gelu")
            assert 0 < t - gelu(t) < mpmath.npdf(t)
            assert 0 < -gelu(-t) < mpmath.npdf(t)
            softplus = by_definition("softplus")
            assert 0 < softplus(t) - t < mpmath.exp(-t)


def test_points_of_a_derivative_are_its_neighbours_zeros():
    for order in (0, 3):
        kinds = {}
        for point in facts.points("mish", order):
            kinds.setdefault(point.kind.replace("maximum", "minimum"), []).append(float(point.x))
        expected = {
            kind: [float(arb(zero.place)) for zero in _certify.zeros_of(smooth, at).zeros]
            for kind, at in (("zero", order), ("minimum", order + 1), ("inflection", order + 2))
            for smooth in (_smooth.SMOOTH["mish"],)
        }
        assert kinds == expected


def test_every_activation_answers_the_same_questions():
    names = set(facts.certified("mish").facts)
    for name in facts.ACTIVATIONS:
        found = facts.certified(name)
        assert set(found.facts) == names
        for fact in found.facts.values():
            assert fact.method and "{" not in fact.text()
    rows = facts.compare(("mish", "relu"), ("minimum", "lipschitz"))
    assert [row["lipschitz"].text(3) for row in rows][1] == "1"


# the parts


def polynomial(*roots):
    """A polynomial with its first two derivatives, as functions of balls."""
    coefficients = np.poly(roots)

    def at(p):
        def value(x):
            total = arb(0)
            for each in p:
                total = total * x + arb(float(each))
            return total

        return value

    return [at(np.polyder(coefficients, k)) for k in range(3)]


def test_roots_of_a_polynomial():
    places = [-3.0, -1.0, 0.0, 0.25, 0.5, 2.0]
    cover = _roots.zeros(*polynomial(*places), -10.1, 10.1, 100)
    assert [float(zero.place) for zero in cover.zeros] == pytest.approx(places, abs=1e-30)
    assert [zero.rising for zero in cover.zeros] == [False, True] * 3
    assert all(zero.place.contains(arb(x)) for zero, x in zip(cover.zeros, places, strict=True))


def test_no_root_and_a_double_one():
    assert _roots.zeros(*polynomial(1j, -1j), -5.1, 5.3, 50).zeros == ()
    with pytest.raises(ArithmeticError, match="not decided"):
        _roots.zeros(*polynomial(1.0, 1.0), -5.1, 5.3, 50)


def test_enclosures_round_outwards():
    third = _types.Enclosure.of(arb(1) / 3)
    assert third.low * 3 < 1 < third.high * 3
    assert third.text(5) == "0.33333"
    assert _types.Enclosure(Decimal("0.12345"), Decimal("0.12346")).text(10) in {
        "0.1235",
        "0.1234",
        "0.123",
    }
    assert _types.Enclosure.of(7) == _types.Enclosure(Decimal(7), Decimal(7))
    assert _types.Enclosure(Decimal("-1e-50"), Decimal("1e-50")).text() == "0 ± 1·10^−50"


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_tails_have_the_sign_that_is_claimed(name, order):
    smooth = _smooth.SMOOTH[name]
    for side in (_smooth.LEFT, _smooth.RIGHT):
        start = 8.0
        sign = smooth.tail_sign(order, side, start)
        assert sign
        seen = facts.values(name, side * np.array([8.5, 9, 10, 11]), order)
        assert (np.sign(seen) == sign).all()


def test_a_tail_that_begins_too_early_is_not_claimed():
    # the second derivative changes its sign beyond −1
    assert _smooth.SMOOTH["mish"].tail_sign(2, _smooth.LEFT, 1.0) == 0


def test_names_are_the_pieces_and_the_smooth_ones():
    assert set(facts.ACTIVATIONS) == {*_pieces.PIECEWISE, *_smooth.SMOOTH}
