"""Taylor expansions about many centres, evaluated over arrays almost to the last bit.

A pair (high, low) stands for the number high + low, where low is at most about the rounding error
of high. The two error-free steps below are Knuth's two-sum and Dekker's product with Veltkamp's
splitting (Muller et al., Handbook of Floating-Point Arithmetic, sections 4.3 and 4.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Floats: TypeAlias = "npt.NDArray[np.float64]"
Pair: TypeAlias = "tuple[Floats, Floats]"

_SPLITTER = 2.0**27 + 1


class Expansions(NamedTuple):
    """Near centre i the value is 2**exponents[i] · Σ c[m]·(x − centres[i])**m.

    The first two coefficients are pairs: near a zero the second carries the value, and
    elsewhere the first does. So a value keeps its relative accuracy up to a zero that is
    itself a centre.
    """

    edges: Floats  # between the cells, one fewer than centres
    centres: Floats
    coefficients: Floats  # rows: c[0] high, c[0] low, c[1] high, c[1] low, c[2], c[3], ...
    exponents: npt.NDArray[np.int32]

    def at(self, high: Floats, low: Floats | float = 0.0) -> tuple[Pair, npt.NDArray[np.int32]]:
        """Evaluate at high + low; give the sum as a pair, and the exponents."""
        cell = np.searchsorted(self.edges, high)
        step, step_low = two_sum(high, -self.centres[cell])
        step_low += low
        value, value_low, slope, slope_low, *others = self.coefficients
        rest = others[-1][cell]
        for coefficient in others[-2::-1]:
            rest *= step
            rest += coefficient[cell]
        rest *= step
        rest += slope_low[cell]
        chord, chord_low = two_sum(slope[cell], rest)
        rise, rise_low = two_product(step, chord)
        rise_low += step * chord_low + step_low * chord
        total, total_low = two_sum(value[cell], rise)
        total_low += value_low[cell] + rise_low
        return (total, total_low), self.exponents[cell]


def two_sum(a: Floats, b: Floats | float) -> Pair:
    """Give the rounded sum and its exact error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Floats, b: Floats) -> Pair:
    """Give the rounded product and its error: exact unless something over- or underflows."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _split(a: Floats) -> Pair:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high
