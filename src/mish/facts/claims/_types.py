"""What a judged claim is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["true", "half true", "false"]


@dataclass(frozen=True)
class Claim:
    """Something that is said of Mish, judged by a number that was computed just now."""

    name: str
    text: str
    verdict: Verdict
    reason: str
    """Why, with the deciding numbers in it."""
    numbers: Mapping[str, float]
    how: str
    """How the numbers came about, and how far they can be trusted."""
    exact: bool = True
    """Whether the numbers are the same on every machine; measured ones differ a little."""

    @property
    def command(self) -> str:
        """The command that computes the numbers anew."""
        return f"mish facts --claim {self.name}"


PROVED = "proved, by ball arithmetic"


def judge(true: bool, half: bool = False) -> Verdict:
    """Name a verdict."""
    return "true" if true else "half true" if half else "false"
