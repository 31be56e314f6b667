"""Mish and its derivatives of any order.

How the derivatives are made. Write mish(x) = x·T(x) with

    T = tanh(log(1 + eˣ)) = (e² + 2e)/d = 1 − 2/d,    e = eˣ,  d = e² + 2e + 2.

The j-th derivative of d is 2ʲe² + 2e, so Leibniz' rule on (2/d)·d = 2 gives the derivatives of
2/d one after the other, and that on x·T gives mish⁽ᵏ⁾ = x·T⁽ᵏ⁾ + k·T⁽ᵏ⁻¹⁾. Right of 0 both sides
are divided by e² first and written in w = e⁻ˣ, so that no term is large. T itself is taken from
the quotient: neither form subtracts near-equal numbers in the tails, and what is lost near a
zero of a derivative comes back with a higher precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from flint import arb, ctx, fmpq

from mish._truth.balls import working_bits
from mish._truth.formats import Format, as_dtype, format_of

Number: TypeAlias = float | int | str | Fraction | Decimal | np.generic
"""What an input may be; a string is a decimal number, as ``"-1.5e3"`` or ``"inf"``."""

_Decided = TypeVar("_Decided")

_FIRST_BITS = 128
_DOUBLINGS = 10

# At x = ±2**12 all that decays is below 2**-5000, far less than any format's least number and
# already of the sign it keeps to infinity: (x + k)eˣ on the left, (−2)ᵏ(−2x − k)e⁻²ˣ on the right.
_SATURATED = float(1 << 12)


def value(x: Number, order: int = 0, digits: int = 30) -> Decimal:
    """Compute a derivative of Mish, correctly rounded to a number of decimal digits.

    Args:
        x: the point, taken as exact; may be infinite or NaN.
        order: which derivative; 0 is the function itself.
        digits: significant digits of the result.

    Returns:
        The ``order``-th derivative at ``x``, rounded half to even to ``digits`` significant
        digits. ``str()`` of it is the decimal number. At an infinity it is the limit, a zero
        with the sign of the side from which it is reached: mish(−inf) = −0.

    Raises:
        ArithmeticError: the value is smaller than a Decimal can be (x beyond ±1e18), or too
            close to a tie for the enclosures that are tried.
        TypeError, ValueError: ``x``, ``order`` or ``digits`` is not usable.
    """
    if digits < 1:
        raise ValueError(f"digits must be at least 1, not {digits}")
    _check_order(order)
    point = exact(x)
    special = _special(point, order)
    if special is not None:
        return Decimal(special)
    decide = to_digits(digits, f"derivative {order} at {x}")
    return decide_at(point, order, decide, _FIRST_BITS + 4 * digits)


def enclosure(x: Number, order: int = 0, bits: int = _FIRST_BITS) -> arb:
    """Enclose a derivative of Mish in a ball.

    Args:
        x: the point, taken as exact; finite.
        order: which derivative; 0 is the function itself.
        bits: working precision. The ball is narrower by about as many bits; more of them are
            lost near a zero of the derivative and at high orders. Its radius is always certain.

    Returns:
        A ball (``flint.arb``) that holds the exact value.

    Raises:
        TypeError, ValueError: ``x``, ``order`` or ``bits`` is not usable.
    """
    if bits < 2:
        raise ValueError(f"bits must be at least 2, not {bits}")
    _check_order(order)
    point = exact(x)
    if isinstance(point, float) and not math.isfinite(point):
        raise ValueError(f"x must be finite, not {point}")
    with working_bits(bits):
        return ball(as_ball(point), order)


def rounded(x: Number | npt.ArrayLike, dtype: npt.DTypeLike, order: int = 0) -> npt.NDArray[Any]:
    """Compute a derivative of Mish, correctly rounded to a binary floating-point format.

    Ties cannot occur (the exact value is irrational except at zero). Subnormal results are
    rounded to their own spacing, results beyond the largest number become infinite, and those
    that underflow become a zero of the exact value's sign. Special values: mish(±0) = ±0,
    mish(−inf) = −0, mish(inf) = inf; NaN gives NaN; derivatives take their limits.

    Args:
        x: one number or an array of them, each taken as exact, whatever its type.
        dtype: float16, bfloat16 (its name, or ml_dtypes' type), float32 or float64.
        order: which derivative; 0 is the function itself.

    Returns:
        An array of ``dtype`` with the shape of ``x``, 0-d for one number. Some 10 µs an element.

    Raises:
        ArithmeticError: a value is too close to a tie to be decided.
        TypeError, ValueError: ``x``, ``dtype`` or ``order`` is not usable.
    """
    _check_order(order)
    target = as_dtype(dtype)
    form = format_of(target)
    points = exact_points(x)
    results = [rounded_one(point, order, form) for point in points.flat]
    return np.array(results, np.float64).reshape(points.shape).astype(target)


def to_digits(digits: int, what: str) -> Callable[[arb], Decimal | None]:
    """Make the question which decimal number of so many digits is nearest."""
    rounding = Context(digits, ROUND_HALF_EVEN, MIN_EMIN, MAX_EMAX)

    def decide(ball: arb) -> Decimal | None:
        mid, rad, exponent = (int(part) for part in ball.mid_rad_10exp(ctx.dps))
        if exponent < MIN_EMIN // 2:
            raise ArithmeticError(f"{what} is smaller than a Decimal can be")
        if abs(mid) <= rad:
            return None
        low, high = (rounding.create_decimal(end) for end in (mid - rad, mid + rad))
        return rounding.scaleb(low, exponent) if low == high else None

    return decide


def exact_points(x: Number | npt.ArrayLike) -> npt.NDArray[Any]:
    """Turn numbers of any kind into an array of exact ones: floats and Fractions."""
    given = np.asarray(x)
    points = np.empty(given.size, object)
    # tolist() gives Python numbers of the same value for every format.
    points[:] = [exact(one) for one in given.ravel().tolist()]
    return points.reshape(given.shape)


def decide_at(
    point: float | Fraction,
    order: int,
    decide: Callable[[arb], _Decided | None],
    bits: int = _FIRST_BITS,
) -> _Decided:
    """Answer a question about the value in a format by ever narrower enclosures of it.

    Args:
        point: an exact, finite point.
        order: which derivative.
        decide: gets an enclosure; returns the answer, or None where it is too wide. It runs
            at the enclosure's working precision.
        bits: working precision of the first enclosure.

    Raises:
        ArithmeticError: the narrowest enclosure that is tried does not decide.
    """
    return narrow(
        lambda: ball(as_ball(point), order), decide, f"derivative {order} at {point}", bits
    )


def narrow(
    enclose: Callable[[], arb],
    decide: Callable[[arb], _Decided | None],
    what: str,
    bits: int = _FIRST_BITS,
) -> _Decided:
    """Answer a question about a number by ever narrower enclosures of it.

    Args:
        enclose: encloses the number, at the working precision.
        decide: gets an enclosure; returns the answer, or None where it is too wide. It runs
            at the enclosure's working precision.
        what: the number, in words.
        bits: working precision of the first enclosure.

    Raises:
        ArithmeticError: the narrowest enclosure that is tried does not decide.
    """
    for working in (bits << doubling for doubling in range(_DOUBLINGS + 1)):
        with working_bits(working):
            answer = decide(enclose())
        if answer is not None:
            return answer
    raise ArithmeticError(f"{what} is not decided by an enclosure of {working} bits")


def saturate(point: float | Fraction, order: int) -> float | Fraction:
    """Replace a point far out in a tail by one whose value rounds alike in every format."""
    if order == 0 and point > 0:
        return point
    return max(-_SATURATED, min(point, _SATURATED))


def _check_order(order: int) -> None:
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")


def exact(x: object) -> float | Fraction:
    if isinstance(x, float):
        return float(x)
    if isinstance(x, Rational):
        return Fraction(int(x.numerator), int(x.denominator))
    try:
        if isinstance(x, str):
            return _parsed(x)
        if isinstance(x, np.floating | Decimal):
            return Fraction(*x.as_integer_ratio())
    except (OverflowError, ValueError):  # an infinity or a NaN has no ratio
        return float(x)  # type: ignore[arg-type]
    if isinstance(x, np.generic) and x.dtype.name == "bfloat16":
        return float(x)
    raise TypeError(f"x must be a real number or a decimal string, not {type(x).__name__}")


def _parsed(text: str) -> float | Fraction:
    try:
        return Fraction(text)
    except ValueError:
        number = float(text)
        if math.isfinite(number):
            raise
        return number


def _special(point: float | Fraction, order: int) -> float | None:
    """Return the result where it is no enclosure's business: at NaN, the infinities and zero."""
    if isinstance(point, float):
        if math.isnan(point):
            return point
        if math.isinf(point):
            if point < 0:
                return -0.0
            if order < 2:
                return 1.0 if order else point
            return -0.0 if order % 2 == 0 else 0.0
    return float(point) if point == 0 and order == 0 else None


def as_ball(point: float | Fraction) -> arb:
    """Convert to a ball: without error from a float, at the working precision otherwise."""
    if isinstance(point, float):
        return arb(point)
    return arb(fmpq(point.numerator, point.denominator))


def ball(x: arb, order: int) -> arb:
    """Enclose a derivative of Mish over all of a ball, at the working precision.

    Args:
        x: the ball, finite. The wider it is, the more the result overestimates.
        order: which derivative; 0 is the function itself.

    Returns:
        A ball that holds the derivative at every number in ``x``.
    """
    # d, or d/e² right of 0, is constant + single + double; each derivative multiplies
    # single by step and double by 2·step. rest is 2/d, so T = 1 − rest.
    if x > 0:
        power, step = (-x).exp(), -1
        constant, single, double = arb(1), 2 * power, 2 * power * power
        whole = constant + single + double
        t = (constant + single) / whole
        rest = [double / whole]
    else:
        power, step = x.exp(), 1
        constant, single, double = arb(2), 2 * power, power * power
        whole = constant + single + double
        t = (single + double) / whole
        rest = [constant / whole]
    if order == 0:
        return x * t
    denominator = [single * step**j + double * (2 * step) ** j for j in range(order + 1)]
    for k in range(1, order + 1):
        # Leibniz' rule on rest·d = 2, or 2w² = double right of 0
        numerator = double * (-2) ** k if step < 0 else arb(0)
        for j in range(1, k + 1):
            numerator -= math.comb(k, j) * denominator[j] * rest[k - j]
        rest.append(numerator / whole)
    below = t if order == 1 else -rest[order - 1]
    return order * below - x * rest[order]


def rounded_one(point: float | Fraction, order: int, form: Format) -> float:
    """Round the value at an exact point to a format, as ``rounded`` does; return it as a float."""
    special = _special(point, order)
    if special is not None:
        return special

    def decide(ball: arb) -> float | None:
        upper = ball.upper()
        if order == 0 and point > 0:
            # mish(x) < x: where x is a tie of a narrower format, this alone tells the side
            x = as_ball(point)
            if x.is_exact() and upper > x:
                upper = x
        low, high = _nearest(ball.lower(), form, True), _nearest(upper, form, False)
        same = low == high and math.copysign(1, low) == math.copysign(1, high)
        return low if same else None

    return decide_at(saturate(point, order), order, decide)


def _nearest(end: arb, form: Format, tie_up: bool) -> float:
    """Round an end of an enclosure to the nearest number of a format.

    The exact value lies strictly inside and is no tie, so a tie at the end rounds inward: up
    at the lower end, down at the upper one.
    """
    mantissa, exponent = (int(part) for part in end.man_exp())
    spacing = form.spacing(mantissa.bit_length() + exponent)
    shift = spacing - exponent
    if shift > mantissa.bit_length() + 1:
        return math.copysign(0.0, mantissa)
    if shift > 0:
        quotient, remainder = divmod(mantissa, 1 << shift)
        half = 1 << (shift - 1)
        quotient += remainder > half or (tie_up and remainder == half)
    else:
        quotient = mantissa << -shift
    if quotient.bit_length() + spacing > form.top:
        return math.copysign(math.inf, quotient)
    # a zero has the sign of the number that it came from
    return math.copysign(math.ldexp(abs(quotient), spacing), mantissa)
