"""Taylor mode: what `jax.experimental.jet` needs to know of the primitives."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import jax

from mish.jax._primitives import slope_p, value_p


def register(jet: ModuleType) -> None:
    """Give jet its rules: Mish becomes its Taylor polynomial about x, each coefficient exact."""
    # jet with its terms scaled as its rules have them, which differs between versions
    through = getattr(jet, "jet2", jet.jet)

    def value(primals: Any, series: Any, *, order: int, kernel: str) -> Any:
        (x,), (terms,) = primals, series
        coefficients = [
            value_p.bind(x, order=order + k, kernel=kernel) / math.factorial(k)
            for k in range(len(terms) + 1)
        ]

        def polynomial(step: Any) -> Any:
            total = coefficients[-1]
            for coefficient in reversed(coefficients[:-1]):
                total = jax.lax.add(jax.lax.mul(total, step), coefficient)
            return total

        return through(polynomial, (jax.lax.full_like(x, 0),), (terms,))

    def slope(primals: Any, series: Any, *, order: int, kernel: str) -> Any:
        def product(x: Any, t: Any) -> Any:
            return jax.lax.mul(t, value_p.bind(x, order=order, kernel=kernel))

        return through(product, primals, series)

    jet.jet_rules[value_p] = value
    jet.jet_rules[slope_p] = slope
