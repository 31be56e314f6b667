"""Derivatives of every order against the certified truth, at the bounds that the docs state."""

from __future__ import annotations

from decimal import Decimal, localcontext

import ml_dtypes
import numpy as np
import pytest

import mish
from mish import reference, ulp
from mish._taylor import tables

NATIVE = ["mish", "mish_d1", "mish_d2", "mish_d3"]
DOCUMENTED = range(4, 13)
# in ulp: the bounds in the docstring
NORMAL, SUBNORMAL, HIGH_ORDER = 0.65, 0.75, 0.75
HARD = [
    *(-1e308, -1e4, -752.0, -745.2, -745.0, -708.4, -104.0, -88.8, -20.0, -17.0, -1.0, -1e-3),
    *(-2.3e-308, -5e-324, -0.0, 0.0, 5e-324, 2.3e-308, 1e-20, 1e-3, 0.3465735902799727, 1.0),
    *(2.114842563020877, 8.0, 20.0, 88.8, 340.0, 354.9, 360.0, 372.6, 375.0, 1e4, 1e308),
]
SPECIAL = [np.inf, -np.inf, np.nan]


def zeros(order):
    """The float64 numbers just right of the derivative's zeros, by bisection of the truth."""

    def positive(x):
        return reference.rounded(x, np.float64, order) > 0

    # closer than the zeros are
    grid = np.linspace(-order - 2, order / 2 + 2, 16 * order)
    signs = positive(grid)
    at = np.flatnonzero(signs[1:] != signs[:-1])
    low, high = grid[at], grid[at + 1]
    for _ in range(62):
        middle = (low + high) / 2
        before = positive(middle) == signs[at]
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return high


def points(order, count, rng):
    """Points between the tails, in them, and at each table's seams."""
    left, right = (side.edge for side in tables.tails(order))
    seams = rng.choice(tables.core(order).edges, count // 4)
    return np.concatenate(
        [
            rng.uniform(left - 2, 2 - right, count),
            rng.uniform(-760, left, count // 4),
            rng.uniform(-right, 390, count // 4),
            np.nextafter(seams, rng.choice([-np.inf, np.inf], seams.size)),
            [left, -right, np.nextafter(left, 0), np.nextafter(-right, 0)],
        ]
    )


def assert_within(x, order, bound):
    computed = mish.derivative(x, order)
    errors = ulp.error(computed, x, order)
    limits = np.where(np.abs(computed) < np.finfo(np.float64).tiny, SUBNORMAL, bound)
    at = np.argmax(errors - limits)
    assert errors[at] <= limits[at], f"{errors[at]} ulp at x = {x[at]!r}"


@pytest.mark.parametrize("order", [*DOCUMENTED, 20, 40])
class TestAccuracy:
    def bound(self, order):
        return NORMAL if order in DOCUMENTED else HIGH_ORDER

    def test_at_hard_points(self, order):
        assert_within(np.array(HARD), order, self.bound(order))

    def test_at_random_points(self, order):
        count = 2000 if order in DOCUMENTED else 300
        x = points(order, count, np.random.default_rng(order))
        assert_within(x, order, self.bound(order))

    def test_at_special_points(self, order, assert_same_bits):
        special = np.array(SPECIAL)
        assert_same_bits(
            mish.derivative(special, order), reference.rounded(special, np.float64, order)
        )


@pytest.mark.parametrize("order", [*DOCUMENTED, 20, 40])
def test_accuracy_holds_next_to_each_zero(order):
    places = zeros(order)
    assert len(places) == order
    offsets = np.concatenate([np.arange(-3, 4) * 2.0**-52, [-1e-13, 1e-11, -1e-8, 1e-5, -1e-3]])
    x = (places * (1 + offsets[:, None])).ravel()
    assert_within(x, order, NORMAL if order in DOCUMENTED else HIGH_ORDER)


@pytest.mark.parametrize("order", range(4))
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_low_orders_are_the_ufuncs(order, dtype, assert_same_bits):
    x = np.array([*np.linspace(-30, 10, 101), *SPECIAL], dtype)
    assert_same_bits(mish.derivative(x, order), getattr(mish, NATIVE[order])(x))


def test_the_default_is_the_first_derivative():
    assert mish.derivative(1.0) == mish.mish_d1(1.0)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
@pytest.mark.parametrize("order", [4, 7, 12, 16])
def test_narrow_formats_are_rounded_once_more(dtype, order, assert_same_bits):
    rng = np.random.default_rng(order)
    x = np.concatenate([rng.uniform(-30, 15, 600), [-104, -88.8, -0.0, 40, 55, *SPECIAL]])
    x = x.astype(dtype)
    # Order 16 is beyond float16's largest number in places.
    assert_same_bits(mish.derivative(x, order), reference.rounded(x, dtype, order))
    assert (dtype, order) != (np.float16, 16) or np.isinf(mish.derivative(x, order)).any()


def test_what_is_beyond_float32_becomes_infinite(monkeypatch):
    order = 120
    march = tables._march
    # the two cells next to 0 alone: the whole table takes long
    monkeypatch.setattr(tables, "_march", lambda *place: march(place[0], 1e-9, order))
    monkeypatch.setattr(tables, "core", tables.core.__wrapped__)
    monkeypatch.setattr("mish._taylor.derivative.core", tables.core)
    x = np.linspace(0, 0.004, 12)
    assert np.isfinite(mish.derivative(x, order)).all()
    x = x.astype(np.float32)
    computed = mish.derivative(x, order)
    assert np.isinf(computed).any()
    np.testing.assert_array_equal(computed, reference.rounded(x, np.float32, order))


class TestArrays:
    x = np.random.default_rng(0).uniform(-20, 12, (3, 5, 4))

    def test_any_layout(self, assert_same_bits):
        expected = mish.derivative(self.x, 5)
        one_by_one = [mish.derivative(float(each), 5) for each in self.x.flat]
        assert_same_bits(np.reshape(one_by_one, self.x.shape), expected)
        assert_same_bits(mish.derivative(np.asfortranarray(self.x), 5), expected)
        assert_same_bits(mish.derivative(self.x[:, ::-2], 5), expected[:, ::-2])
        assert_same_bits(mish.derivative(self.x.astype(">f8"), 5), expected)
        assert_same_bits(mish.derivative(self.x.tolist(), 5), expected)

    def test_long_arrays(self, assert_same_bits):
        long = np.resize(self.x, 50_001)
        assert_same_bits(
            mish.derivative(long, 5), np.resize(mish.derivative(self.x, 5), long.shape)
        )

    @pytest.mark.parametrize("shape", [(0,), (3, 0, 2)])
    def test_empty(self, shape):
        result = mish.derivative(np.zeros(shape, np.float32), 5)
        assert (result.shape, result.dtype) == (shape, np.float32)

    @pytest.mark.parametrize("order", [1, 5])
    @pytest.mark.parametrize("x", [1.5, np.float32(1.5), np.array(1.5), np.array(1.5, np.float16)])
    def test_one_number(self, x, order):
        result = mish.derivative(x, order)
        assert isinstance(result, np.floating)
        assert result.dtype == np.asarray(x).dtype
        assert result == reference.rounded(1.5, result.dtype, order)

    @pytest.mark.parametrize("order", [0, 5])
    @pytest.mark.parametrize("x", [[-2, 1], np.array([0, 7], np.uint8), [True, False]])
    def test_integers_become_float64(self, x, order, assert_same_bits):
        assert_same_bits(mish.derivative(x, order), mish.derivative(np.array(x, np.float64), order))

    def test_the_input_is_left_alone(self):
        given = self.x.copy()
        mish.derivative(given, 5)
        np.testing.assert_array_equal(given, self.x)


def test_a_nan_keeps_its_payload(assert_same_bits):
    nan = np.array([0x7FF8_0000_0000_0ABC, 0xFFF8_0000_0000_0001], np.uint64).view(np.float64)
    assert_same_bits(mish.derivative(nan, 5), nan)


def test_orders_of_numpy_are_orders():
    assert mish.derivative(0.5, np.uint8(6)) == mish.derivative(0.5, 6)


def test_nothing_warns_whatever_the_settings():
    x = np.array([*HARD, *SPECIAL])
    with np.errstate(over="ignore"):
        half = x.astype(np.float16)
    with np.errstate(all="raise"):
        mish.derivative(x, 9)
        mish.derivative(half, 16)


def test_tables_do_not_depend_on_the_decimal_context():
    expected = tables.tails(5), tables.core(5), tables.exponential()
    with localcontext() as context:
        context.prec = 2
        assert Decimal(2).ln() == Decimal("0.69")
        assert tables.tails.__wrapped__(5) == expected[0]
        for made, same in [
            (tables.core.__wrapped__(5), expected[1]),
            (tables.exponential.__wrapped__().core, expected[2].core),
        ]:
            assert all(map(np.array_equal, made, same))
        assert tables.exponential.__wrapped__()[:2] == expected[2][:2]
