"""The integral from 0 to x against its certified closed form, and that against its definition."""

from __future__ import annotations

import math

import ml_dtypes
import mpmath
import numpy as np
import pytest
import sympy
from flint import arb

import mish
from mish import reference
from mish._taylor import antiderivative as module
from mish._truth.balls import working_bits

FLOAT64, NARROW = 4.0, 0.50001  # in ulp: the bounds in the docstring
POINTS = [-40, -5.25, -1.5, -0.125, 0.125, 0.75, 3.5, 12, 50]


def points():
    rng = np.random.default_rng(3)
    middle, left, right = module._tables()
    seams = np.array([*rng.choice(middle.edges, 30), left.edge, -right.edge])
    return np.concatenate(
        [
            np.nextafter(seams, 99),
            np.nextafter(seams, -99),
            rng.uniform(-7, 7, 150),
            rng.uniform(-60, 60, 40),
            10.0 ** rng.uniform(-140, 150, 40) * rng.choice([-1, 1], 40),
            [-1e308, -750.0, 2.0**60, np.nextafter(2.0**60, 0), 1e150, 1e-162, -1e-161],
        ]
    )


def exact(x):
    found = []
    for each in x.tolist():
        # next to 0 the terms of the closed form cancel
        with working_bits(160 if abs(each) > 1e-9 else 1600):
            found.append(reference.integral_ball(arb(each)))
    return found


def test_float64_is_within_four_ulp():
    x = points()
    computed = mish.antiderivative(x)
    errors = np.array(
        [
            float(abs(truth - ours)) / math.ulp(float(truth))
            for truth, ours in zip(exact(x), computed.tolist(), strict=True)
        ]
    )
    at = np.argmax(errors)
    assert errors[at] <= FLOAT64, f"{errors[at]} ulp at x = {x[at]!r}"


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_formats_are_rounded_once_more(dtype):
    info = ml_dtypes.finfo(dtype)
    x = points().astype(np.float64)
    x = x[np.abs(x) < 200].astype(dtype)
    computed = mish.antiderivative(x)
    assert computed.dtype == dtype
    truth = np.array(list(map(float, exact(x.astype(np.float64)))))
    with np.errstate(divide="ignore"):
        unit = 2.0 ** np.floor(np.log2(truth)) * float(info.eps)
    unit = np.maximum(unit, float(info.smallest_subnormal))
    assert np.max(np.abs(computed.astype(np.float64) - truth) / unit) <= NARROW


def test_special_values():
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e200, -1e200, 1e-200])
    limit = 0.883628960103086085228777426836
    np.testing.assert_array_equal(
        mish.antiderivative(x), [0, 0, np.inf, limit, np.nan, np.inf, limit, 0]
    )
    assert str(reference.antiderivative("inf")) == "Infinity"
    assert str(reference.antiderivative(0)) == "0"
    assert reference.antiderivative(float("nan")).is_nan()
    assert mish.antiderivative(np.float32(1e30)) == np.inf


def test_shapes_and_dtypes():
    assert type(mish.antiderivative(np.float16(1))) is np.float16
    assert type(mish.antiderivative(True)) is np.float64
    assert mish.antiderivative(np.empty((2, 0, 3))).shape == (2, 0, 3)
    x = np.linspace(-9, 9, 30).reshape(5, 6).T[::2]
    np.testing.assert_array_equal(mish.antiderivative(x), mish.antiderivative(x.copy()))
    out = np.zeros_like(x)
    assert mish.antiderivative(x, out=out, where=x > 0) is out
    np.testing.assert_array_equal(out, np.where(x > 0, mish.antiderivative(x), 0))


def test_the_closed_form_is_the_integral_to_30_digits():
    def f(t):
        return t * mpmath.tanh(mpmath.log1p(mpmath.exp(t)))

    with mpmath.workdps(45):
        for x in POINTS:
            cuts = [0, *range(4, abs(x) // 1 + 1, 4)] if isinstance(x, int) else [0]
            path = [math.copysign(cut, x) for cut in cuts if cut < abs(x)] + [x]
            integral = mpmath.quad(f, path)
            got = mpmath.mpf(str(reference.antiderivative(x, 40)))
            assert abs(got - integral) < abs(integral) * mpmath.mpf(10) ** -30, x


@pytest.mark.parametrize("form", ["left", "right"])
def test_the_derivative_of_each_closed_form_is_mish(form):
    # with the derivative of Li₂(z(x)), −ln(1 − z)·z′/z, put in by hand, as SymPy's polylog has none
    x = sympy.symbols("x", real=True)
    c = 1 + sympy.I
    z = c / 2 * sympy.exp(x) if form == "left" else (1 - sympy.I) * sympy.exp(-x)

    def twice_imaginary(of):
        return -sympy.I * (of - of.subs(sympy.I, -sympy.I))

    logarithm = c * sympy.log(1 + z)
    slope_of_dilogarithm = -c * sympy.log(1 + z) * sympy.diff(z, x) / z
    if form == "left":
        slope = sympy.diff(x * logarithm, x) + slope_of_dilogarithm
        rest = sympy.Integer(0)
    else:
        slope = sympy.diff(x * logarithm, x) - slope_of_dilogarithm
        rest = x
    e = sympy.exp(x)
    mish_of_x = x * (e * e + 2 * e) / (e * e + 2 * e + 2)
    difference = rest + twice_imaginary(slope) / 2 - mish_of_x
    w = sympy.symbols("w", positive=True)
    assert sympy.simplify(sympy.together(difference.subs(x, sympy.log(w)))) == 0


def test_the_derivative_of_the_closed_form_is_mish_to_50_digits():
    with working_bits(600):
        for x in POINTS:
            h = arb((1, -170))
            chord = (reference.integral_ball(arb(x) + h) - reference.integral_ball(arb(x) - h)) / (
                2 * h
            )
            assert abs(chord - reference.ball(arb(x), 0)) < arb(10) ** -50


def test_both_forms_meet_at_0():
    with working_bits(600):
        tiny = arb((1, -120))
        assert abs(reference.integral_ball(tiny) - tiny * tiny * 3 / 10) < arb((1, -358))
        assert abs(reference.integral_ball(-tiny) - tiny * tiny * 3 / 10) < arb((1, -358))
