"""What analysis knows of Mish: series, poles, zeros, integrals."""

from __future__ import annotations

from fractions import Fraction

from flint import acb, arb, fmpq, fmpq_series

from mish import reference
from mish._truth.balls import working_bits, working_terms
from mish.facts._certify import turns_of
from mish.facts._smooth import SMOOTH
from mish.facts._types import Enclosure, Fact
from mish.reference._integral import left_limit, right_limit
from mish.reference._inverse import minimum

_BITS = 288
_TERMS = 9
_ENCLOSED = "enclosed by ball arithmetic"


def series() -> list[Fact]:
    """Taylor series at 0 and at the minimum, and those of the tails with bounds of their rest."""
    return [_at_zero(), _radius_at_zero(), _at_minimum(), _radius_at_minimum(), *_tails()]


def rationals(count: int) -> list[Fraction]:
    """The Taylor coefficients of Mish at 0: rational, as those of eˣ are and d(0) = 5."""
    with working_terms(count):
        e = fmpq_series([0, 1]).exp()
        found = fmpq_series([0, 1]) * (e * e + 2 * e) / (e * e + 2 * e + 2)
        return [Fraction(int(found[n].p), int(found[n].q)) for n in range(count)]


def _at_zero() -> Fact:
    found = rationals(_TERMS)
    parts = [f"c{_sub(n)} = {c}".replace("-", "−") for n, c in enumerate(found) if n]
    form = " & ".join(
        f"Eq(Subs(Derivative(f(z), (z, {n})), z, 0)/factorial({n}), Rational({c.numerator}, "
        f"{c.denominator}))"
        for n, c in enumerate(found)
    )
    return Fact(
        "taylor_at_zero",
        f"f = Σ cₙxⁿ with c₀ = 0, {', '.join(parts)}; all cₙ are rational",
        "exact arithmetic on power series of x·(e² + 2e)/(e² + 2e + 2), e = eˣ",
        {f"c{n}": Enclosure.of(fmpq(c.numerator, c.denominator)) for n, c in enumerate(found)},
        assumptions="x complex, within the radius of convergence",
        form=form,
    )


def _radius_at_zero() -> Fact:
    with working_bits(_BITS):
        radius = ((arb(2).log() / 2) ** 2 + (3 * arb.pi() / 4) ** 2).sqrt()
    return Fact(
        "radius_at_zero",
        "the Taylor series at 0 converges for |x| < {value} = √(ln²2/4 + 9π²/16)",
        "the distance of 0 from the nearest poles",
        {"value": Enclosure.of(radius)},
        assumptions="x complex",
        form="Eq(value, sqrt(log(2)**2/4 + 9*pi**2/16))",
    )


def _at_minimum() -> Fact:
    (turn,) = turns_of(SMOOTH["mish"], 0)
    with working_bits(_BITS):
        place = minimum(_BITS)
        found = {n: reference.ball(place, n) / arb.fac_ui(n) for n in (0, *range(2, _TERMS))}
    numbers = {f"c{n}": Enclosure.of(c) for n, c in found.items()}
    parts = ", ".join(f"c{_sub(n)} = {{c{n}}}" for n in range(2, _TERMS))
    form = " & ".join(
        f"Eq(Subs(Derivative(f(z), (z, {n})), z, x0)/factorial({n}), c{n})" for n in found
    )
    return Fact(
        "taylor_at_minimum",
        f"f = Σ cₙ(x − x₀)ⁿ at the minimum x₀ = {{x0}}, with c₀ = {{c0}}, c₁ = 0, {parts}",
        _ENCLOSED,
        {"x0": turn.place, **numbers},
        assumptions="x complex, within the radius of convergence",
        form=form,
    )


def _radius_at_minimum() -> Fact:
    with working_bits(_BITS):
        away = minimum(_BITS) - arb(2).log() / 2
        radius = (away**2 + (3 * arb.pi() / 4) ** 2).sqrt()
    return Fact(
        "radius_at_minimum",
        "the Taylor series at the minimum converges for |x − x₀| < {value}",
        "the distance of x₀ from the nearest poles",
        {"value": Enclosure.of(radius), "x0": turns_of(SMOOTH["mish"], 0)[0].place},
        assumptions="x complex",
        form="Eq(value, sqrt((x0 - log(2)/2)**2 + 9*pi**2/16))",
    )


def _tails() -> list[Fact]:
    left = (
        "f = x·Σⱼ aⱼeʲˣ over j ≥ 1, with a₁ = 1, a₂ = −1/2, aⱼ₊₁ = −aⱼ − aⱼ₋₁/2, for x < ln √2; "
        "cut after n terms it is off by at most 3.42·|x|·2^(−n/2)·e^((n+1)x) for x ≤ 0"
    )
    right = (
        "f = x − x·Σⱼ bⱼe⁻ʲˣ over j ≥ 2, with b₂ = 2, b₃ = −4, bⱼ₊₁ = −2bⱼ − 2bⱼ₋₁, for x > ln √2; "
        "cut after the n-th power it is off by at most 2.09·x·2^(n/2+1)·e^(−(n+1)x) for x ≥ 1"
    )
    a = "2*im((-1)**k*(1 - I)**(-k - 1))"
    b = "2*im((-1)**(k - 1)*(1 - I)**(k - 1))"
    return [
        Fact(
            "left_series",
            left,
            "2/d = 2·Im 1/(w + 1 − i), w = eˣ, so |aⱼ| ≤ 2^((1−j)/2); a geometric series bounds "
            "the rest, and 1/(1 − 1/√2) < 3.42",
            assumptions="x ≤ 0, n ≥ 1",
            form=f"Le(Abs(f(x) + x*Sum({a}*exp(k*x), (k, 1, n))), "
            "Rational(342, 100)*Abs(x)*2**(-n/2)*exp((n + 1)*x))",
        ),
        Fact(
            "right_series",
            right,
            "1 − T = 2·Im w/(1 + (1 − i)w), w = e⁻ˣ, so |bⱼ| ≤ 2^((j+1)/2); a geometric series "
            "bounds the rest, and 1/(1 − √2/e) < 2.09",
            assumptions="x ≥ 1, n ≥ 1",
            form=f"Le(Abs(f(x) - x + x*Sum({b}*exp(-k*x), (k, 1, n))), "
            "Rational(209, 100)*x*2**(n/2 + 1)*exp(-(n + 1)*x))",
        ),
    ]


def complex_plane() -> list[Fact]:
    """Poles, residues and zeros."""
    with working_bits(_BITS):
        re, im = arb(2).log() / 2, 3 * arb.pi() / 4
        residue = acb(re, im) * acb(1, -1) / 2
    place = {"real": Enclosure.of(re), "imag": Enclosure.of(im)}
    factors = "d = (eˣ + 1 − i)(eˣ + 1 + i) is 0 where eˣ = −1 ± i = √2·e^(±3πi/4), simply"
    return [
        Fact(
            "poles",
            "simple poles at p = ln √2 ± 3πi/4 + 2πik, no others; the nearest to the real line are "
            "{real} ± {imag}i",
            factors,
            place,
            assumptions="k an integer",
            form="Eq(real, log(2)/2) & Eq(imag, 3*pi/4) & "
            "Eq(exp(2*(real + I*imag)) + 2*exp(real + I*imag) + 2, 0)",
        ),
        Fact(
            "residues",
            "the residue at a pole p is p·(1 − i)/2 where e^p = −1 + i, p·(1 + i)/2 where "
            "e^p = −1 − i; at the nearest, {real} ± {imag}i",
            "T = 1 − 2/d has the residue −2/d′(p) = −1/(w(w + 1)) with w = e^p",
            {"real": Enclosure.of(residue.real), "imag": Enclosure.of(residue.imag)},
            assumptions="p a pole",
            form="Eq(real + I*imag, (log(2)/2 + 3*pi*I/4)*(1 - I)/2)",
        ),
        Fact(
            "complex_zeros",
            "simple zeros at 0 and at ln 2 + (2k + 1)πi, no others",
            "f = x·e(e + 2)/d with e = eˣ, which is never 0 and is −2 there",
            assumptions="k an integer",
            form="Eq(f(log(2) + (2*k + 1)*pi*I), 0) & Eq(f(0), 0)",
        ),
        Fact(
            "quasi_period",
            "f(x + 2πi) = f(x) + 2πi·T(x), with T = tanh(ln(1 + eˣ))",
            "T has the period 2πi",
            assumptions="x complex, no pole",
            form="Eq(f(z + 2*pi*I), f(z) + 2*pi*I*f(z)/z)",
        ),
    ]


def integrals() -> list[Fact]:
    """The antiderivative and what it tends to."""
    with working_bits(_BITS):
        at_left, at_right = left_limit(), right_limit()
        left, left_integral, right = map(Enclosure.of, (at_left, -at_left, -at_right))
    form = (
        "Eq(Integral(f(t), (t, 0, x)), im((1 + I)*polylog(2, -(1 + I)/2*exp(x))) "
        "+ x*(log(1 + exp(x) + exp(2*x)/2)/2 + atan(exp(x)/(exp(x) + 2))) + left)"
    )
    proof = (
        "by differentiation: d/dx Li₂(z) = −ln(1 − z)·z′/z, and T = 1 − 2·Im 1/(eˣ + 1 − i) is the "
        "derivative of Im((1 + i)·ln(1 + (1 + i)eˣ/2))"
    )
    return [
        Fact(
            "antiderivative",
            "∫f from 0 to x = x·Im(c·ln(1 + c·eˣ/2)) + Im(c·Li₂(−c·eˣ/2)) + {left}, "
            "with c = 1 + i; the constant is −Im(c·Li₂(−c/2))",
            proof,
            {"left": left},
            form=form,
        ),
        Fact(
            "antiderivative_right",
            "∫f from 0 to x = x²/2 + x·Im(c·ln(1 + c̄·e⁻ˣ)) − Im(c·Li₂(−c̄·e⁻ˣ)) − {right}, with "
            "c = 1 + i, c̄ = 1 − i; the last number is −Im(c·Li₂(−c̄))",
            "by differentiation, as above, of x − f",
            {"right": right},
            form="Eq(Integral(f(t), (t, 0, x)), x**2/2 - right "
            "+ x*(log(1 + 2*exp(-x) + 2*exp(-2*x))/2 - atan(exp(-x)/(1 + exp(-x)))) "
            "- im((1 + I)*polylog(2, -(1 - I)*exp(-x))))",
        ),
        Fact(
            "left_integral",
            "∫f over x < 0 is {value} = Im((1 + i)·Li₂(−(1 + i)/2))",
            "the limit of the antiderivative",
            {"value": left_integral},
            form="Eq(Integral(f(t), (t, -oo, 0)), value) & "
            "Eq(value, im((1 + I)*polylog(2, -(1 + I)/2)))",
        ),
        Fact(
            "right_integral",
            "∫(x − f) over x > 0 is {value} = −Im((1 + i)·Li₂(−1 + i))",
            "the limit of x²/2 minus the antiderivative",
            {"value": right},
            form="Eq(Integral(t - f(t), (t, 0, oo)), value) & "
            "Eq(value, -im((1 + I)*polylog(2, -1 + I)))",
        ),
    ]


def _sub(n: int) -> str:
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
