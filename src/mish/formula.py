"""Mish and its derivatives over any array namespace, for compilers.

XLA, Inductor and builders of graphs turn these few elementwise operations into one loop and fuse
them with their neighbours. They are meant for code that is compiled; elsewhere the native kernels
of ``mish.mish`` and its relatives are faster and more accurate. Those are NumPy's ufuncs, which
cannot take what a compiler has in the place of an array: under ``jax.jit``, call
``mish.jax.mish(x)``, or ``mish.formula.mish(x, jax.numpy)``, not ``mish.mish(x)``.

The namespace may be left out. NumPy's is known; any other is found by array_api_compat (the
``array-api`` extra), which knows the libraries that follow the Python array API standard.

With e = exp(x), mish(x) = x·F with F = tanh(ln(1+e)) = e(e+2)/((e+1)² + 1). Nothing cancels, but e
overflows. So numerator and denominator are made homogeneous: e = S/Q, where the larger of S and Q
is 1 and the other a = exp(−|x|)::

    F = S(S+2Q) / δ,  δ = (S+Q)² + Q²,  1 ≤ δ ≤ 5

which no format can overflow. In the left tail a underflows before x·a does. So a = h² with
h = exp(−|x|/2), and h multiplies twice where S is a factor.

Formats at least as wide as float32 allow a shorter way, and XLA, which makes of h² a second
exponential, gains most by it. e itself overflows nothing if x is held at 22, where both functions
have reached their limits. Far left, where e underflows before x·e does, exp(x + 24) stands for it,
and the factor exp(−24) for x.

Derivatives. By Leibniz, mish⁽ⁿ⁾ = x·F⁽ⁿ⁾ + n·F⁽ⁿ⁻¹⁾. With s = S/(S+Q), the sigmoid, q = 1−s and
D = 1+q², we have s′ = sq, q′ = −sq, D′ = −2sq², and F′ = 4sq²/D². Differentiating
F⁽ᵏ⁾ = 4sq²·Pₖ(q)/Dᵏ⁺¹ gives P₁ = 1 and ::

    Pₖ₊₁ = (3q−2)·D·Pₖ − q(1−q)·D·Pₖ′ + 2(k+1)·(1−q)q²·Pₖ

for order 2 and above; orders 0 and 1 are written with a single division.

Results are accurate into the far tails of every format, down to the subnormals. Next to a zero of a
derivative the error is small against the derivative's largest value, not against the value there.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Protocol, cast

import numpy as np

from mish._support.extras import needs

# exp(-|x|) is 0 from here on in every format, and every derivative has reached its limit. Infinite
# x is replaced by this, so that it meets no factor 0.
_FAR = 1e4

# For formats at least as wide as float32. At _RIGHT e⁻ˣ² has left both functions within a fifth of
# an ulp of float64 of their limits, and e⁴ is below float32's largest number. Left of _LEFT, e is
# lost in e + 2 even in float64, and adding _SHIFT to x is exact.
_RIGHT = 22.0
_LEFT = -64.0
_SHIFT = 24.0
_SCALE = math.exp(-_SHIFT)


class Namespace(Protocol):
    """What is used of an array namespace: NumPy, torch, jax.numpy and others have it."""

    def abs(self, x: Any, /) -> Any: ...  # noqa: D102
    def exp(self, x: Any, /) -> Any: ...  # noqa: D102
    def where(self, condition: Any, x: Any, y: Any, /) -> Any: ...  # noqa: D102


def mish(x: Any, xp: Namespace | None = None, wide: bool = False) -> Any:
    """x·tanh(ln(1 + eˣ)), elementwise.

    Args:
        x: array of a floating-point dtype, any shape.
        xp: the namespace that ``x`` belongs to, such as ``numpy`` or ``torch``; it is found if it
            is left out.
        wide: whether the format of ``x`` has at least the range of float32; then orders 0 and 1
            take a shorter way.

    Returns:
        An array of the shape and dtype of ``x``. In float32 the error is at most 5 ulp under
        PyTorch, eager or compiled, and 7 ulp under NumPy, whose exponential is off by 2.5 ulp.

    Raises:
        ModuleNotFoundError: ``xp`` is left out, ``x`` is not NumPy's, and array_api_compat is not
            installed.
        TypeError: ``xp`` is left out, and ``x`` is no array or not of a real floating-point dtype.
    """
    xp = _namespace(x) if xp is None else xp
    if wide:
        return _wide_mish(x, xp)
    x = xp.where(x < -_FAR, -_FAR, x)
    small, root, total = _parts(x, xp)
    return (x * root) * (root * (total + small) / (total * total + small * small))


def derivative(x: Any, order: int, xp: Namespace | None = None, wide: bool = False) -> Any:
    """The derivative of Mish of any order, elementwise.

    Args:
        x: array of a floating-point dtype, any shape.
        order: 0 for Mish itself, or more.
        xp: the namespace that ``x`` belongs to, such as ``numpy`` or ``torch``; it is found if it
            is left out.
        wide: whether the format of ``x`` has at least the range of float32; then orders 0 and 1
            take a shorter way.

    Returns:
        An array of the shape and dtype of ``x``. In float32 the error is at most 7e-7 in orders
        1 to 3, in float64 2e-15; left of −17 at most 6 ulp.

    Raises:
        ModuleNotFoundError, TypeError: as ``mish`` does.
        ValueError: if ``order`` is negative.
    """
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    xp = _namespace(x) if xp is None else xp
    if order == 0:
        return mish(x, xp, wide)
    if order == 1 and wide:
        return _wide_first(x, xp)
    x = xp.where(x > _FAR, _FAR, xp.where(x < -_FAR, -_FAR, x))
    small, root, total = _parts(x, xp)
    if order == 1:
        return _first(x, small, root, total)
    r = 1 / total
    q = small * r
    d = 1 + q * q
    bracket = x * _horner(_numerator(order), q) + order * d * _horner(_numerator(order - 1), q)
    for _ in range(order + 1):
        bracket = bracket / d
    return bracket * (4 * q) * (q * root) * (root * r)


def _wide_mish(x: Any, xp: Namespace) -> Any:
    x = xp.where(x < -_FAR, -_FAR, x)
    e, far = _exponential(xp.where(x > _RIGHT, _RIGHT, x), xp)
    n = e * (e + 2)
    return xp.where(far, x * _SCALE, x) * (n / (n + 2))


def _wide_first(x: Any, xp: Namespace) -> Any:
    """e·ω/δ² with n = e(e+2), δ = n+2 and e·ω = n² + e(4(x+1) + e(4x+2)): 1 where e is large."""
    x = xp.where(x > _RIGHT, _RIGHT, xp.where(x < -_FAR, -_FAR, x))
    e, far = _exponential(x, xp)
    n = e * (e + 2)
    rest = e * (4 * (x + 1) + e * (4 * x + 2))
    delta = n + 2
    return xp.where(far, rest * _SCALE, n * n + rest) / (delta * delta)


def _exponential(x: Any, xp: Namespace) -> tuple[Any, Any]:
    """exp(x), divided by `_SCALE` in the left tail, and where that is."""
    far = x < _LEFT
    return xp.exp(xp.where(far, x + _SHIFT, x)), far


def _namespace(x: Any) -> Namespace:
    """Find the namespace of an array of real floating-point numbers."""
    if isinstance(x, np.ndarray | np.generic):
        if not isinstance(x, np.generic | np.memmap) and type(x) is not np.ndarray:
            raise TypeError(  # a mask would be lost, a matrix multiplied as one
                f"x must be a plain array, not {type(x).__name__}; mish.mish takes it"
            )
        real, xp = np.issubdtype(x.dtype, np.floating), cast(Any, np)
    else:
        with needs("array-api", f"mish.formula without xp, of a {type(x).__name__},"):
            from array_api_compat import array_namespace
        try:
            xp = array_namespace(x)
        except TypeError:
            raise TypeError(
                f"x must be an array of a library that follows the array API, not "
                f"{type(x).__name__}; else pass its namespace as xp"
            ) from None
        real = xp.isdtype(x.dtype, "real floating")
    if not real:
        raise TypeError(f"x must be of a real floating-point dtype of its library, not {x.dtype}")
    return cast(Namespace, xp)


def _parts(x: Any, xp: Namespace) -> tuple[Any, Any, Any]:
    """Q, √S and S+Q, which is 1+a whatever the sign of x."""
    negative = x < 0
    h = xp.exp(-0.5 * xp.abs(x))
    a = h * h
    return xp.where(negative, 1.0, a), xp.where(negative, h, 1.0), 1 + a


def _first(x: Any, small: Any, root: Any, total: Any) -> Any:
    """e·ω/δ², ω = 4(x+1) + 4e² + e³ + e(4x+6), δ = e² + 2e + 2, made homogeneous."""
    big = root * root
    square = small * small
    delta = total * total + square
    omega = 4 * square * (x * total + small) + big * (big * (big + 4 * small) + 6 * square)
    return (omega * root) / (delta * delta) * root


def _horner(coefficients: tuple[int, ...], q: Any) -> Any:
    value = 0 * q + float(coefficients[-1])
    for each in reversed(coefficients[:-1]):
        value = value * q + float(each)
    return value


@functools.cache
def _numerator(k: int) -> tuple[int, ...]:
    """Coefficients of Pₖ, constant term first."""
    if k == 1:
        return (1,)
    p = _numerator(k - 1)
    slope = tuple(i * c for i, c in enumerate(p))[1:] or (0,)
    terms = (
        _product((-2, 3, -2, 3), p),  # (3q−2)(1+q²)
        _product((0, -1, 1, -1, 1), slope),  # −q(1−q)(1+q²)
        _product((0, 0, 2 * k, -2 * k), p),  # 2k(1−q)q²
    )
    length = max(map(len, terms))
    total = [sum(term[i] if i < len(term) else 0 for term in terms) for i in range(length)]
    while total[-1] == 0:
        total.pop()
    return tuple(total)


def _product(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    result = [0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            result[i + j] += a * b
    return tuple(result)
