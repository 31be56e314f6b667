"""Series, poles, integrals and means: each number against mpmath to 30 digits, each form read."""

from __future__ import annotations

import functools

import mpmath
import pytest
import sympy

from mish import facts

DIGITS = 30
ROWS = [(name, topic) for name in facts.ACTIVATIONS for topic in facts.topics(name)]


def f(x):
    return x * mpmath.tanh(mpmath.log1p(mpmath.exp(x)))


def by_quotient(x):
    """The same, analytic beyond the principal branch of the logarithm."""
    e = mpmath.exp(x)
    return x * e * (e + 2) / (e * e + 2 * e + 2)


DEFINITIONS = {
    "mish": f,
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_tanh": lambda x: (
        x * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))) / 2
    ),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "hard_swish": lambda x: x * min(max(x + 3, mpmath.mpf(0)), mpmath.mpf(6)) / 6,
}


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workdps(45):
        yield


def number(topic, fact, label="value", name="mish"):
    """The middle of an enclosure, which must be narrow."""
    found = facts.certified(name, topic)[fact].numbers[label]
    low, high = mpmath.mpf(str(found.low)), mpmath.mpf(str(found.high))
    assert high - low <= abs(high) * mpmath.mpf(10) ** -DIGITS + mpmath.mpf(10) ** -36
    return (low + high) / 2


def assert_same(got, exact):
    assert abs(got - exact) <= abs(exact) * mpmath.mpf(10) ** -DIGITS, (got, exact)


@functools.cache
def topic_of(name, topic):
    return facts.certified(name, topic)


@pytest.mark.parametrize(("name", "topic"), [row for row in ROWS if row[1] != "normal"])
def test_identifiers_assumptions_and_forms(name, topic):
    found = topic_of(name, topic)
    assert (found.name, found.topic) == (name, topic)
    for key, fact in found.facts.items():
        assert fact.identifier == f"{name}.{topic}.{key}"
        assert fact.assumptions
        assert fact.method
        read(fact)


def read(fact):
    """Read a form; its numbers must be among its symbols, and nothing unknown."""
    if not fact.form:
        return
    names = {label: sympy.Symbol(label) for label in fact.numbers}
    names["f"] = sympy.Function("f")
    expression = sympy.sympify(fact.form, locals=names)
    known = {*fact.numbers, "x", "t", "z", "n", "k"}
    assert {each.name for each in expression.atoms(sympy.Symbol)} <= known, fact.identifier


def test_taylor_at_zero_is_exact():
    exact = mpmath.taylor(f, 0, 8)
    for n in range(1, 9):
        assert_same(number("series", "taylor_at_zero", f"c{n}"), exact[n])
    form = facts.certified("mish", "series")["taylor_at_zero"].form
    assert "Rational(-124979, 98437500)" in form


def test_taylor_at_the_minimum():
    x0 = number("series", "taylor_at_minimum", "x0")
    with mpmath.workdps(70):
        exact = mpmath.taylor(f, x0, 8)
    for n in (0, *range(2, 9)):
        assert_same(number("series", "taylor_at_minimum", f"c{n}"), exact[n])


def test_radii():
    pole = mpmath.mpc(mpmath.log(2) / 2, 3 * mpmath.pi / 4)
    assert_same(number("series", "radius_at_zero"), abs(pole))
    x0 = number("series", "radius_at_minimum", "x0")
    assert_same(number("series", "radius_at_minimum"), abs(pole - x0))


def tail(first, follow, count):
    """Coefficients by the recurrence of the statement."""
    found = list(first)
    while len(found) < count:
        found.append(follow(found[-1], found[-2]))
    return found[:count]


def test_the_left_series_and_the_bound_of_its_rest():
    a = tail([1, mpmath.mpf(-1) / 2], lambda last, before: -last - before / 2, 12)
    nearest = 0
    for x in map(mpmath.mpf, (0, -0.01, -0.5, -2, -10, -100)):
        for n in range(1, 13):
            rest = abs(f(x) - x * sum(a[j - 1] * mpmath.exp(j * x) for j in range(1, n + 1)))
            bound = mpmath.mpf("3.42") * abs(x) * 2 ** (-mpmath.mpf(n) / 2)
            bound *= mpmath.exp((n + 1) * x)
            assert rest <= bound + abs(f(x)) * mpmath.mpf(10) ** -42
            nearest = max(nearest, rest / bound if bound else 0)
    assert nearest > 0.2  # the bound is no idle one


def test_the_right_series_and_the_bound_of_its_rest():
    b = tail([0, 2], lambda last, before: -2 * last - 2 * before, 12)
    for x in map(mpmath.mpf, (1, 1.5, 3, 10, 30)):
        for n in range(2, 13):
            rest = abs(f(x) - x + x * sum(b[j - 1] * mpmath.exp(-j * x) for j in range(1, n + 1)))
            bound = mpmath.mpf("2.09") * x * 2 ** (mpmath.mpf(n) / 2 + 1)
            assert rest <= bound * mpmath.exp(-(n + 1) * x) + x * mpmath.mpf(10) ** -42


def test_poles_residues_and_zeros():
    pole = mpmath.mpc(number("complex", "poles", "real"), number("complex", "poles", "imag"))
    e = mpmath.exp(pole)
    assert abs(e * e + 2 * e + 2) < mpmath.mpf(10) ** -DIGITS
    # a mean over a circle about the pole converges geometrically
    count, radius = 256, mpmath.mpf(1) / 2
    circle = [radius * mpmath.expjpi(2 * mpmath.mpf(k) / count) for k in range(count)]
    exact = sum(by_quotient(pole + step) * step for step in circle) / count
    got = mpmath.mpc(number("complex", "residues", "real"), number("complex", "residues", "imag"))
    assert_same(got, exact)
    for k in (-2, -1, 0, 1):
        place = mpmath.mpc(mpmath.log(2), (2 * k + 1) * mpmath.pi)
        assert abs(by_quotient(place)) < mpmath.mpf(10) ** -DIGITS
    z = mpmath.mpc(0.3, 1.1)
    shifted = by_quotient(z + 2j * mpmath.pi)
    assert_same(shifted, by_quotient(z) * (1 + 2j * mpmath.pi / z))


def test_integrals():
    left = mpmath.quad(f, [-110, -60, -30, -15, -8, -4, -2, 0])
    assert_same(number("integrals", "left_integral"), left)
    right = mpmath.quad(lambda x: x - by_quotient(x), [0, 1, 2, 4, 8, 16, 30, 60])
    assert_same(number("integrals", "right_integral"), right)
    assert_same(number("integrals", "antiderivative", "left"), -left)
    assert_same(number("integrals", "antiderivative_right", "right"), right)


def test_the_forms_of_the_antiderivative_hold():
    for key, label in (("antiderivative", "left"), ("antiderivative_right", "right")):
        form = facts.certified("mish", "integrals")[key].form
        closed = form.removeprefix("Eq(Integral(f(t), (t, 0, x)), ")[:-1]
        x, constant = sympy.symbols(f"x {label}")
        at = {x: sympy.Rational(5, 4), constant: sympy.Float(str(number("integrals", key, label)))}
        got = mpmath.mpf(str(sympy.sympify(closed).subs(at).evalf(35)))
        assert_same(got, mpmath.quad(f, [0, mpmath.mpf(5) / 4]))


def over_normal(of):
    def integrand(x):
        return of(x) * mpmath.npdf(x)

    return mpmath.quad(integrand, [-15, -12, -9, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 9, 12, 15])


@pytest.mark.parametrize("name", ["mish", "relu", "elu"])
def test_means_over_a_normal_argument(name):
    of = DEFINITIONS[name]
    found = topic_of(name, "normal")
    read(found["hermite"])
    for fact, power in (("mean", 1), ("second_moment", 2)):
        assert_same(number("normal", fact, name=name), over_normal(lambda x, p=power: of(x) ** p))
    if name != "mish":
        return
    for n in (1, 3, 5):
        # He₁, He₃, He₅ over the root of n!
        he = {1: lambda x: x, 3: lambda x: x**3 - 3 * x, 5: lambda x: x**5 - 10 * x**3 + 15 * x}[n]
        exact = over_normal(lambda x, he=he: of(x) * he(x)) / mpmath.sqrt(mpmath.factorial(n))
        assert_same(number("normal", "hermite", f"a{n}"), exact)
    # by Stein's lemma the mean slope is the first coefficient
    assert_same(number("normal", "mean_slope"), number("normal", "hermite", "a1"))


@pytest.mark.parametrize("name", ["silu", "gelu", "softplus", "hard_swish"])
def test_certified_means_are_those_of_the_gains(name):
    from mish.facts.gains import gain

    assert float(number("normal", "mean", name=name)) == pytest.approx(gain(name).mean, rel=1e-12)
    assert float(number("normal", "gain", name=name)) == pytest.approx(
        gain(name).forward, rel=1e-12
    )
    square = float(number("normal", "mean_square_slope", name=name))
    assert square == pytest.approx(gain(name).backward ** -2, rel=1e-12)


def test_bad_topics():
    with pytest.raises(ValueError, match=r"topic must be one of shape, series, .*, not 'x'"):
        facts.certified("mish", "x")
    with pytest.raises(ValueError, match="topic 'series' is told of mish alone, not of relu"):
        facts.certified("relu", "series")
    assert facts.topics("relu") == ("shape", "normal")
