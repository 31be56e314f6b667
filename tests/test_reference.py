"""The truth against an independent witness (mpmath), printed constants and special values."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest

from mish import reference

FORMATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
POINTS = [-104.0, -88.8, -37.5, -20.0, -17.0, -3.3, -1.19, -1e-3, 5e-324, 0.1, 1.5, 8.0, 20.0, 88.8]
MINIMUM = "-1.192431214515495212137588"


def witness(x, order, digits=60):
    """Mish from its definition: no identity that the code under test uses."""
    with mpmath.workdps(digits):
        function = lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t)))  # noqa: E731
        return mpmath.diff(function, mpmath.mpf(x), order) if order else function(mpmath.mpf(x))


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("x", POINTS)
def test_value_agrees_with_the_definition(x, order):
    with mpmath.workdps(60):
        # the witness loses digits to its differences, and to e^-208 in the tails
        expected = witness(x, order, 400)
        assert mpmath.almosteq(mpmath.mpf(str(reference.value(x, order))), expected, 5e-30)


@pytest.mark.parametrize("x", [-10000, -2500.5, 2500.5, 10000])
def test_value_far_out(x):
    with mpmath.workdps(9000):
        e = mpmath.exp(x)
        t = mpmath.tanh(mpmath.log1p(e))
        expected = [x * t, t + x * (1 - t * t) * e / (1 + e)]
        for order in (0, 1):
            ours = mpmath.mpf(str(reference.value(x, order, digits=50)))
            assert mpmath.almosteq(ours, expected[order], 1e-49)
            # what is left of the limit on the right, too
            ball = reference.enclosure(x, order, bits=31000) - (x, 1)[order] * (x > 0)
            rest = mpmath.mpf(ball.mid().str(40, radius=False))
            assert mpmath.almosteq(rest, expected[order] - (x, 1)[order] * (x > 0), 1e-20)


def test_high_order():
    with mpmath.workdps(150):
        series = mpmath.taylor(lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))), 0.75, 20)
        expected = mpmath.nstr(series[20] * mpmath.factorial(20), 30)
    assert reference.value(0.75, 20) == Decimal(expected)


@pytest.mark.parametrize(
    ("x", "order", "expected"),
    [
        (MINIMUM, 0, "-0.30884341301725040662876"),
        ("-2.25637639636079312", 1, "-0.112526122389463"),
        ("1.4905711794854284593", 1, "1.08849816125173"),
        (0, 1, "0.6"),
        (0, 2, "0.64"),
        (-0.0, 1, "0.6"),
    ],
)
def test_known_values(x, order, expected):
    shown = Decimal(expected)
    digits = max(len(shown.as_tuple().digits) - 1, 1)
    assert reference.value(x, order, digits) == round(shown, digits - shown.adjusted() - 1)


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("-1.19243121451549521213758", "-1.19243121451549521213759", 1),
        ("-2.25637639636079312", "-2.25637639636079313", 2),
        ("1.4905711794854284592", "1.4905711794854284593", 2),
        ("-3.2673378465204045", "-3.2673378465204046", 3),
        ("-0.0879344313149142", "-0.0879344313149143", 3),
        ("2.1148425630208771", "2.1148425630208772", 3),
    ],
)
def test_zeros_of_derivatives(left, right, order):
    low, high = reference.value(left, order), reference.value(right, order)
    assert low * high < 0


def test_input_is_exact():
    third = reference.value(Fraction(1, 3), digits=60)
    assert reference.value(1 / 3, digits=60) != third
    assert abs(reference.value("0." + "3" * 80, digits=60) - third) < Decimal("1e-58")
    binary = Decimal.from_float(0.1)
    same = [0.1, np.float64(0.1), Fraction(0.1), binary, str(binary)]
    assert len({reference.value(x, digits=60) for x in same}) == 1
    assert reference.value(np.float32(0.1), digits=60) == reference.value(
        float(np.float32(0.1)), digits=60
    )
    assert reference.value(ml_dtypes.bfloat16(3), 1) == reference.value(np.int8(3), 1)
    assert reference.value(np.longdouble("0.1"), digits=60) != reference.value(0.1, digits=60)
    assert reference.value(10**30) == Decimal(10) ** 30


def test_value_is_rounded_to_the_digits_asked_for():
    long = reference.value(-3.3, digits=200)
    for digits in (1, 2, 17, 100):
        short = reference.value(-3.3, digits=digits)
        assert len(short.as_tuple().digits) == digits
        assert abs(short - long) <= Decimal(5).scaleb(short.adjusted() - digits)


@pytest.mark.parametrize("order", range(7))
def test_enclosures_are_nested_and_hold_the_witness(order):
    for x in POINTS:
        exact = reference.enclosure(x, order, bits=600)
        for bits in (32, 53, 128):
            ball = reference.enclosure(x, order, bits=bits)
            assert ball.contains(exact)
            assert ball.rad() > 0
            assert ball.rel_accuracy_bits() > bits - 20


@pytest.mark.parametrize("order", range(4))
@pytest.mark.parametrize("dtype", FORMATS)
def test_rounded_is_nearest(dtype, order):
    places = [*POINTS, -87.0, -9.5, -745.0, -60000.0, 260.0, 6e-8, -3e-5, 1.1e-38, 9.2e-41]
    x = np.array(places, dtype)
    results = reference.rounded(x, dtype, order)
    assert results.dtype == dtype
    for one, result in zip(x.tolist(), results, strict=True):
        exact = reference.enclosure(one, order, bits=400)
        if not np.isfinite(result):
            assert math.isinf(one)
            continue
        mine = abs(exact - float(result))
        for side in (-np.inf, np.inf):
            other = float(np.nextafter(result, dtype(side)))
            if math.isfinite(other):
                assert mine < abs(exact - other)


@pytest.mark.parametrize("dtype", FORMATS)
def test_special_values(dtype):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
    expected = {
        0: [0.0, -0.0, np.inf, -0.0, np.nan],
        1: [0.6, 0.6, 1.0, -0.0, np.nan],
        2: [0.64, 0.64, -0.0, -0.0, np.nan],
        3: [-0.096, -0.096, 0.0, -0.0, np.nan],
    }
    for order, limits in expected.items():
        wanted = np.array(limits, dtype).astype(np.float64)
        got = reference.rounded(x, dtype, order).astype(np.float64)
        np.testing.assert_array_equal(got, wanted)
        np.testing.assert_array_equal(np.signbit(got[:4]), np.signbit(wanted[:4]))
    assert str(reference.value("-inf")) == "-0"
    assert str(reference.value("inf", 1)) == "1"
    assert reference.value(math.nan).is_nan()


def test_what_underflows_keeps_the_sign_of_the_exact_value():
    for x, order, negative in [(-800, 0, 1), (-1e300, 1, 1), (800, 2, 1), (1e300, 3, 0)]:
        result = reference.rounded(x, np.float64, order)
        assert result == 0
        assert np.signbit(result) == negative


def test_ties_of_a_narrower_format_fall_to_the_side_of_the_exact_value():
    # mish(x) < x, by however little: half to even would go up in each case
    assert reference.rounded(259.0, "bfloat16") == 258
    for scale in (1, 2.0**90):
        x = (2.0**24 + 3) * scale
        assert reference.rounded(x, np.float32) == np.float32((2.0**24 + 2) * scale)


def test_overflow_begins_where_it_should():
    assert reference.rounded(65520.0, np.float16) == 65504
    assert reference.rounded(65521.0, np.float16) == np.inf
    assert reference.rounded(2.0**128 - 2.0**103, np.float32) == np.finfo(np.float32).max
    assert reference.rounded(1e300, np.float32) == np.inf
    assert reference.rounded(1.7e308, np.float64) == 1.7e308


def preimage(y, order, start, digits):
    """Solve for the point where a derivative is ``y``; as decimals just below and above it."""
    with mpmath.workdps(digits + 20):
        place = mpmath.findroot(lambda t: witness(t, order, digits + 20) - y, start)
        unit = mpmath.mpf(10) ** -digits
        return [mpmath.nstr(place + side * unit, digits + 10) for side in (-1, 1)]


def test_hard_cases_are_decided_by_more_bits():
    # 70 digits from a tie of float32: the first enclosure has 38
    low, high = np.float32(1.25), np.nextafter(np.float32(1.25), np.float32(2))
    below, above = preimage((float(low) + float(high)) / 2, 0, 1.3, 70)
    assert reference.rounded([below, above], np.float32).tolist() == [low, high]
    below, above = preimage(mpmath.mpf(1) / 8, 1, -0.9, 150)
    assert str(reference.value(below, 1, digits=2)) == "0.12"
    assert str(reference.value(above, 1, digits=2)) == "0.13"


def test_rounded_keeps_shapes():
    assert reference.rounded(1.0, np.float32).shape == ()
    assert reference.rounded([[1.0], [2.0]], np.float32).shape == (2, 1)
    assert reference.rounded(np.empty((0, 3)), np.float32).shape == (0, 3)
    assert reference.rounded(["0.1", "inf"], np.float32)[1] == np.inf
    mixed = reference.rounded(np.array([Fraction(1, 3), 10**400, 1.5], object), np.float64)
    assert mixed[0] == float(reference.value(Fraction(1, 3), digits=40))
    assert mixed[1] == np.inf
