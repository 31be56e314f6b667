"""The integral of Mish from 0 to x, by its closed form.

Write e = eˣ and c = 1 + i. As d = e² + 2e + 2 = (e + 1 − i)(e + 1 + i),

    T = tanh(ln(1 + e)) = 1 − 2/d = 1 − 2·Im 1/(e + 1 − i).

From d/dx ln(1 + (c/2)e) = (c/2)e/(1 + (c/2)e) = 1 − (1 − i)/(e + 1 − i) and c(1 − i) = 2 follows
that L = Im(c·ln(1 + (c/2)e)) is an integral of T; and as d/dx Li₂(−(c/2)e) = −ln(1 + (c/2)e), with
the dilogarithm Li₂, that

    x·L + Im(c·Li₂(−(c/2)·eˣ))

is one of x·T: its derivative is L + x·T − L. All logarithms are principal values: 1 + (c/2)e has a
positive real part, and −(c/2)e never meets the cut of Li₂, the real numbers from 1 on.

Right of 0 that would subtract large numbers. There, with w = e⁻ˣ and c̄ = 1 − i, in the same way
1 − T = 2·Im w/(1 + c̄w), and the integral from 0 to x is

    x²/2 + x·Im(c·ln(1 + c̄w)) − Im(c·Li₂(−c̄w)) + Im(c·Li₂(−c̄)).
"""

from __future__ import annotations

import math
from decimal import Decimal

from flint import acb, arb

from mish.reference._derivatives import Number, as_ball, exact, narrow, to_digits

_FIRST_BITS = 128


def antiderivative(x: Number, digits: int = 30) -> Decimal:
    """Compute the integral of Mish from 0 to x, correctly rounded to a number of decimal digits.

    Args:
        x: the end, taken as exact; may be infinite or NaN.
        digits: significant digits of the result.

    Returns:
        The integral, rounded half to even. At −∞ it is the limit, 0.88362896…, at ∞ it is ∞.

    Raises:
        ArithmeticError: the value is smaller than a Decimal can be, or too close to a tie for the
            enclosures that are tried.
        TypeError, ValueError: ``x`` or ``digits`` is not usable.
    """
    if digits < 1:
        raise ValueError(f"digits must be at least 1, not {digits}")
    point = exact(x)
    if point == 0 or (isinstance(point, float) and (math.isnan(point) or point == math.inf)):
        return Decimal(float(point) + 0.0)
    what = f"the integral from 0 to {x}"
    decide = to_digits(digits, what)
    if point == -math.inf:
        return narrow(left_limit, decide, what, _FIRST_BITS + 4 * digits)
    return narrow(lambda: integral_ball(as_ball(point)), decide, what, _FIRST_BITS + 4 * digits)


def integral_ball(x: arb) -> arb:
    """Enclose the integral of Mish from 0 to x over all of a ball, at the working precision.

    Near 0, where it is about 0.3·x², the terms cancel: bits are lost twice over.
    """
    c = acb(1, 1)
    if x > 0:
        z = acb(1, -1) * (-x).exp()
        whole = x * x / 2 - (c * (-z).polylog(2)).imag + right_limit()
    else:
        z = c / 2 * x.exp()
        whole = (c * (-z).polylog(2)).imag + left_limit()
    return whole + x * (c * (1 + z).log()).imag


def left_limit() -> arb:
    """Enclose the limit at −∞, which is −∫ mish over x < 0: −Im((1 + i)·Li₂(−(1 + i)/2))."""
    c = acb(1, 1)
    return -(c * (-c / 2).polylog(2)).imag


def right_limit() -> arb:
    """Enclose the limit of the integral − x²/2 at ∞: Im((1 + i)·Li₂(−1 + i))."""
    limit: arb = (acb(1, 1) * acb(-1, 1).polylog(2)).imag
    return limit
