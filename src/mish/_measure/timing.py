"""Times of contenders that take turns.

A lap is one untimed call, which brings the arrays into the caches that can hold them, then as many
timed calls as fill a few milliseconds. In each round every contender does one lap, in a new random
order, so that whatever else the machine does falls on all alike. A contender's time is the median
over its laps, and its ratio to another is the median of the ratios within each round: a drift over
many rounds leaves it alone. The spread of either is half the distance between its quartiles.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
import statistics
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

Name = TypeVar("Name", bound=Hashable)

Lap: TypeAlias = Callable[[int], float]
"""Does a lap of so many timed calls and returns the seconds of one."""

ROUNDS = 21
FILL = 2e-3
"""The seconds that a lap is to fill."""

LEAST_ROUNDS = 3
"""Rounds that are done even when the time is used up."""

_MOST_CALLS = 1 << 20


@dataclass(frozen=True)
class Ratio:
    """How many times as long as another a contender takes."""

    median: float
    spread: float


@dataclass(frozen=True)
class Timing:
    """The laps of one contender.

    Attributes:
        laps: Seconds of one call, by round.
        repeat: How many calls each lap timed.
    """

    laps: tuple[float, ...]
    repeat: int

    @property
    def median(self) -> float:
        """Seconds of one call."""
        return statistics.median(self.laps)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, in seconds; 0 for a single lap."""
        return _spread(self.laps)

    def ratio_to(self, other: Timing) -> Ratio:
        """Compare with a contender that took part in the same rounds."""
        ratios = [mine / theirs for mine, theirs in zip(self.laps, other.laps, strict=True)]
        return Ratio(statistics.median(ratios), _spread(ratios))


def measure(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int = ROUNDS,
    fill: float = FILL,
    seed: int = 0,
) -> dict[str, Timing]:
    """Time functions of this process in turn.

    Args:
        contenders: what to call, by name.
        rounds: how many laps each does.
        fill: the seconds that a lap is to last; it has at least one call.
        seed: of the order in the rounds.
    """
    laps = {name: functools.partial(lap, call) for name, call in contenders.items()}
    return alternate(laps, rounds, fill, seed)


def alternate(
    contenders: Mapping[Name, Lap],
    rounds: int = ROUNDS,
    fill: float = FILL,
    seed: int = 0,
    on_lap: Callable[[], object] = lambda: None,
    seconds: float = math.inf,
) -> dict[Name, Timing]:
    """Time contenders in turn, wherever they run.

    Args:
        contenders: what does a lap of each, by name.
        rounds: how many laps each does.
        fill: the seconds that a lap is to last; it has at least one call.
        seed: of the order in the rounds.
        on_lap: called after each lap, for a progress bar.
        seconds: no new round begins after this time, if ``LEAST_ROUNDS`` are done.

    Raises:
        ValueError: ``rounds`` is less than 1.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, not {rounds}")
    repeats = {name: calls_that_fill(fill, do_lap) for name, do_lap in contenders.items()}
    laps: dict[Name, list[float]] = {name: [] for name in contenders}
    shuffled = random.Random(seed)
    order = list(contenders)
    end = time.perf_counter() + seconds
    for done in range(rounds):
        if done >= LEAST_ROUNDS and time.perf_counter() > end:
            break
        shuffled.shuffle(order)
        for name in order:
            laps[name].append(contenders[name](repeats[name]))
            on_lap()
    return {name: Timing(tuple(times), repeats[name]) for name, times in laps.items()}


def calls_that_fill(fill: float, do_lap: Lap) -> int:
    """Find how many calls last ``fill`` seconds.

    The first lap warms the contender up and is not looked at: new memory gets its pages in it.
    """
    do_lap(1)
    repeat = 1
    while True:
        seconds = max(do_lap(repeat), 1e-9)
        if seconds * repeat >= fill / 4 or repeat >= _MOST_CALLS:
            return min(max(1, round(fill / seconds)), _MOST_CALLS)
        repeat = min(repeat * 8, _MOST_CALLS)


def lap(call: Callable[[], object], repeat: int, warm: bool = True) -> float:
    """Do a lap and return the seconds of one call.

    Args:
        call: what is timed.
        repeat: how many calls.
        warm: whether an untimed call goes before; where no cache holds the arrays it is a waste.
    """
    if warm:
        call()
    calls = itertools.repeat(None, repeat)
    start = time.perf_counter()
    for _ in calls:
        call()
    return (time.perf_counter() - start) / repeat


def _spread(values: Iterable[float]) -> float:
    ordered = sorted(values)
    if len(ordered) < 2:
        return 0.0
    low, _, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return (high - low) / 2
