"""Closed forms of Mish and all its derivatives, checked before they are given.

>>> from mish import symbolic
>>> print(symbolic.formula(1).text())
           eˣ(4(x + 1) + 2(2x + 3)eˣ + 4e²ˣ + e³ˣ)
mish′(x) = ───────────────────────────────────────
                       (2 + 2eˣ + e²ˣ)²

Needs the ``symbolic`` extra (SymPy and python-flint).
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from fractions import Fraction

from mish._support.extras import needs

with needs("symbolic", "mish.symbolic"):
    import mpmath  # type: ignore[import-untyped]
    import sympy  # type: ignore[import-untyped]

    from mish import reference

from mish.symbolic import _code, _notation
from mish.symbolic._closed import FORMS, Closed, closed, expression

__all__ = ["FORMATS", "FORMS", "Formula", "formula"]

FORMATS = ("unicode", "latex", "python", "c", "javascript", "sympy")

_DIGITS = 30
# In eighths, which every number format has: both tails, the middle, and next to zeros of the
# derivatives.
_POINTS = tuple(Fraction(n, 8) for n in (*range(-64, 65, 7), -480, -160, -9, 1, 160, 480))


@dataclass(frozen=True)
class Formula:
    """A closed form of a derivative that has been found right.

    Attributes:
        order: which derivative; 0 is the function itself.
        form: ``"tanh"``, ``"exp"`` or ``"sigmoid"``.
        expression: the formula in SymPy, in the symbol ``x`` (real).
    """

    order: int
    form: str
    expression: sympy.Expr
    _closed: Closed

    def text(self, format: str = "unicode", width: int = 80) -> str:
        """Write the formula.

        Args:
            format: ``"unicode"``, a fraction over two lines for a terminal; ``"latex"``;
                ``"python"``, ``"c"`` and ``"javascript"``, a function that does not overflow;
                ``"sympy"``, an expression for ``sympy.sympify``.
            width: columns to keep within, for ``"unicode"`` alone.

        Raises:
            ValueError: ``format`` is none of these.
        """
        if format == "unicode":
            return _notation.unicode(self._closed, width)
        if format == "latex":
            return _notation.latex(self._closed)
        if format == "python":
            return _code.python(self._closed)
        if format == "c":
            return _code.c(self._closed)
        if format == "javascript":
            return _code.javascript(self._closed)
        if format == "sympy":
            return str(sympy.sstr(self.expression))
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")

    def __str__(self) -> str:
        return self.text()


@functools.lru_cache(maxsize=128)
def formula(order: int = 0, form: str = "exp") -> Formula:
    """Derive the closed form of a derivative of Mish, and check it.

    Args:
        order: which derivative; 0 is the function itself.
        form: in what the formula is written: ``"tanh"``, in t = tanh(ln(1 + eˣ)) and the logistic
            function σ; ``"exp"``, in eˣ alone; ``"sigmoid"``, in σ alone.

    Returns:
        The formula, which agrees with ``mish.reference`` to 30 digits at 25 points from −60 to 60.

    Raises:
        ArithmeticError: it does not agree, so it is not given.
        TypeError: ``order`` is not an integer.
        ValueError: ``order`` is negative, or there is no such ``form``.
    """
    order = operator.index(order)
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    derived = closed(order, form)
    in_letters, meanings = expression(derived)
    whole = in_letters.subs(meanings)
    _check(whole, order)
    return Formula(order, form, whole, derived)


def _check(given: sympy.Expr, order: int) -> None:
    (x,) = given.free_symbols
    function = sympy.lambdify(x, given, "mpmath")
    # 1 − t² loses e⁻²ˣ of its digits; the polynomials lose as many as their coefficients have
    with mpmath.workdps(2 * _DIGITS + 80 + 4 * order):
        for point in _POINTS:
            truth = mpmath.mpf(str(reference.value(point, order, _DIGITS + 5)))
            got = function(mpmath.mpf(point.numerator) / point.denominator)
            if not abs(got - truth) <= abs(truth) * mpmath.mpf(10) ** -_DIGITS:
                raise ArithmeticError(
                    f"derivative {order} by this formula is {mpmath.nstr(got, 20)} at "
                    f"x = {float(point)}, but exactly {mpmath.nstr(truth, 20)}"
                )
