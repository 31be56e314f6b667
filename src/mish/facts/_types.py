"""What a fact is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal

from flint import arb, fmpq

from mish._truth.balls import working_digits

_DIGITS = 40


@dataclass(frozen=True)
class Enclosure:
    """Two numbers between which an exact one provably lies; equal where it is known exactly."""

    low: Decimal
    high: Decimal

    @classmethod
    def of(cls, number: arb | fmpq | int) -> Enclosure:
        """Take the ends of a ball, rounded outwards to some 40 digits, or an exact fraction."""
        with working_digits(_DIGITS + 10):
            ball = number if isinstance(number, arb) else arb(number)
            whole = ball.unique_fmpz() if ball.is_exact() and ball.is_integer() else None
            if whole is not None:
                return cls(Decimal(int(whole)), Decimal(int(whole)))
            mid, rad, exponent = (int(part) for part in ball.mid_rad_10exp(_DIGITS))
        # a Decimal made of digits is not rounded, as one made by arithmetic would be
        return cls(Decimal(f"{mid - rad}e{exponent}"), Decimal(f"{mid + rad}e{exponent}"))

    def __float__(self) -> float:
        return float((self.low + self.high) / 2)

    def text(self, digits: int = 20) -> str:
        """Write the number to at most so many significant digits, all of them right.

        The last digit is rounded. Fewer are written where the enclosure does not decide them.
        """
        if self.low <= 0 <= self.high:
            widest = max(-self.low, self.high)
            return "0" if not widest else f"0 ± {widest:.0e}".replace("e-", "·10^−")
        for count in range(digits, 0, -1):
            rounding = Context(count, ROUND_HALF_EVEN)
            low, high = rounding.create_decimal(self.low), rounding.create_decimal(self.high)
            if low == high:
                return f"{low.normalize():f}".replace("-", "−")
        return f"{self.low:.3e} … {self.high:.3e}".replace("-", "−")


@dataclass(frozen=True)
class Fact:
    """One thing that is known of an activation, and how."""

    name: str
    statement: str
    """A sentence for people; ``{label}`` stands for the number of that label."""
    method: str
    numbers: Mapping[str, Enclosure] = field(default_factory=dict)
    assumptions: str = "x real"
    """What the statement takes for granted."""
    form: str = ""
    """The statement for machines, where it has one: an expression that ``sympy.sympify`` reads.

    f is the activation; a number's label is its symbol; t, z, n and k are variables, for all of
    which the statement holds under its assumptions.
    """
    identifier: str = ""
    """activation.topic.name, unique and kept from version to version."""

    def text(self, digits: int = 10) -> str:
        """Give the statement with its numbers, to so many digits."""
        shown = {label: number.text(digits) for label, number in self.numbers.items()}
        return self.statement.format(**shown)


@dataclass(frozen=True)
class Facts:
    """What is known of one activation, on one topic."""

    name: str
    label: str
    formula: str
    facts: Mapping[str, Fact]
    topic: str = "shape"

    def __getitem__(self, name: str) -> Fact:
        return self.facts[name]


def collect(
    name: str, label: str, formula: str, facts: Iterable[Fact], topic: str = "shape"
) -> Facts:
    """Put facts under their names, and give them their identifiers."""
    named = {fact.name: replace(fact, identifier=f"{name}.{topic}.{fact.name}") for fact in facts}
    return Facts(name, label, formula, named, topic)
