"""Closed forms of the derivatives, as exact polynomials.

Each form writes mish = x·T and T⁽ᵏ⁾ = Nₖ/Dᵏ⁺¹ with polynomials in one or two functions of x whose
derivatives are polynomials in them again:

    exp       e = eˣ           e′ = e                             T = e(e + 2)/(e² + 2e + 2)
    sigmoid   σ = 1/(1 + e⁻ˣ)  σ′ = σ(1 − σ)                      T = σ(2 − σ)/(σ² − 2σ + 2)
    tanh      t = T, σ         t′ = (1 − t²)σ, σ′ = σ(1 − σ)      T = t

Then Nₖ₊₁ = D·Nₖ′ − (k + 1)·D′·Nₖ and mish⁽ᵏ⁾ = x·T⁽ᵏ⁾ + k·T⁽ᵏ⁻¹⁾. All arithmetic is in integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import sympy  # type: ignore[import-untyped]
from sympy.polys.domains import ZZ  # type: ignore[import-untyped]
from sympy.polys.rings import ring  # type: ignore[import-untyped]

Polynomial: TypeAlias = Any  # sympy's PolyElement, which has no types
Powers: TypeAlias = tuple[int, ...]

FORMS = ("tanh", "exp", "sigmoid")


@dataclass(frozen=True)
class Shape:
    """How one form is built."""

    letters: tuple[str, ...]
    t: Callable[..., Polynomial]  # the numerator of T
    denominator: Callable[..., Polynomial]
    slopes: Callable[..., tuple[Polynomial, ...]]  # the derivatives of the letters
    factors: Callable[..., tuple[Polynomial, ...]]  # those to look for in a numerator


SHAPES = {
    "exp": Shape(
        ("e",),
        lambda e: e * (e + 2),
        lambda e: e**2 + 2 * e + 2,
        lambda e: (e,),
        lambda e: (e,),
    ),
    "sigmoid": Shape(
        ("s",),
        lambda s: s * (2 - s),
        lambda s: s**2 - 2 * s + 2,
        lambda s: (s * (1 - s),),
        lambda s: (s, 1 - s),
    ),
    "tanh": Shape(
        ("t", "s"),
        lambda t, s: t,
        lambda t, s: t**0,
        lambda t, s: ((1 - t**2) * s, s * (1 - s)),
        lambda t, s: (s, 1 - t**2),
    ),
}


@dataclass(frozen=True)
class Product:
    """content · x? · factors · Σ (a·x + b)·letters^powers."""

    content: int
    by_x: bool
    """Whether x is a factor by itself; then every a is 0."""
    factors: tuple[tuple[Polynomial, int], ...]
    """The shape's factors, each with its power."""
    terms: dict[Powers, tuple[int, int]]
    """By powers of the letters, the coefficients a and b; the first is positive."""


@dataclass(frozen=True)
class Closed:
    """A derivative as a sum of products over a power of the denominator."""

    order: int
    form: str
    products: tuple[Product, ...]
    """One; two where their parts with x and without it share no factor."""
    power: int
    """Of the denominator; 0 for the form without one."""


def closed(order: int, form: str) -> Closed:
    """Derive a closed form."""
    shape = SHAPES[form]
    _, *letters = ring(shape.letters, ZZ)
    denominator = shape.denominator(*letters)
    slopes = shape.slopes(*letters)

    def differentiate(p: Polynomial) -> Polynomial:
        return sum(p.diff(each) * slope for each, slope in zip(letters, slopes, strict=True))

    below, numerator = 0 * denominator, shape.t(*letters)
    slope = differentiate(denominator)
    for k in range(order):
        following = denominator * differentiate(numerator) - (k + 1) * slope * numerator
        below, numerator = numerator, following
    parts = (numerator, order * below * denominator)  # the coefficient of x, and the rest
    factors = shape.factors(*letters)
    together = _product(parts, factors)
    products: tuple[Product, ...] = (together,)
    if parts[1] and not any(power for _, power in together.factors):
        nothing = 0 * denominator
        products = tuple(
            _product(each, factors) for each in ((nothing, parts[1]), (numerator, nothing))
        )
    return Closed(order, form, products, 0 if denominator == 1 else order + 1)


def _product(parts: tuple[Polynomial, Polynomial], candidates: tuple[Polynomial, ...]) -> Product:
    """Take all common factors out of the coefficient of x and the rest."""
    factors = []
    for factor in candidates:
        power = 0
        while all(part.rem(factor) == 0 for part in parts):
            parts = (parts[0].exquo(factor), parts[1].exquo(factor))
            power += 1
        factors.append((factor, power))
    a, b = ({powers: int(c) for powers, c in part.terms() if c} for part in parts)
    content = math.gcd(*a.values(), *b.values())
    rising = sorted({*a, *b})
    if (a.get(rising[0]) or b[rising[0]]) < 0:
        content = -content
    terms = {
        powers: (a.get(powers, 0) // content, b.get(powers, 0) // content) for powers in rising
    }
    by_x = not b
    if by_x:
        terms = {powers: (0, ax) for powers, (ax, _) in terms.items()}
    return Product(content, by_x, tuple(factors), terms)


def expression(given: Closed) -> tuple[sympy.Expr, dict[sympy.Symbol, sympy.Expr]]:
    """Give a closed form in its letters, and what each letter stands for, as SymPy sees it."""
    x = sympy.Symbol("x", real=True)
    meanings = {
        "e": sympy.exp(x),
        "s": 1 / (1 + sympy.exp(-x)),
        "t": sympy.tanh(sympy.log(1 + sympy.exp(x))),
    }
    shape = SHAPES[given.form]
    letters = [sympy.Symbol(each, real=True) for each in shape.letters]
    whole = sum(
        each.content
        * (x if each.by_x else 1)
        * sympy.prod(factor.as_expr(*letters) ** power for factor, power in each.factors)
        * sum(
            (a * x + b) * sympy.prod(map(sympy.Pow, letters, powers))
            for powers, (a, b) in each.terms.items()
        )
        for each in given.products
    )
    denominator = shape.denominator(*letters) ** given.power
    return whole / denominator, {each: meanings[str(each)] for each in letters}
