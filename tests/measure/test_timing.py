"""Laps, rounds, medians and ratios."""

from __future__ import annotations

import time

import pytest

from mish._measure import timing
from mish._measure.timing import Timing


def test_median_and_spread():
    found = Timing((1.0, 5.0, 2.0, 4.0, 3.0), 1)
    assert (found.median, found.spread) == (3.0, 1.0)
    assert Timing((7.0,), 1).spread == 0


def test_ratio_is_taken_within_each_round():
    drifting, other = Timing((1.0, 10.0, 100.0), 1), Timing((2.0, 20.0, 200.0), 1)
    assert other.ratio_to(drifting) == timing.Ratio(2.0, 0.0)
    assert drifting.ratio_to(other).median == 0.5


def test_everyone_does_one_lap_a_round_in_changing_order():
    calls = []
    laps = {
        name: lambda repeat, name=name: calls.append((name, repeat)) or 1.0
        for name in ("a", "b", "c")
    }
    found = timing.alternate(laps, rounds=40, fill=3.0, on_lap=lambda: calls.append(None))
    warm, raced = calls[:6], [call for call in calls[6:] if call]
    assert calls.count(None) == 120
    assert warm == [(name, 1) for name in "aabbcc"]
    rounds = [tuple(raced[i : i + 3]) for i in range(0, len(raced), 3)]
    assert all(sorted(each) == [("a", 3), ("b", 3), ("c", 3)] for each in rounds)
    assert len(set(rounds)) > 3
    assert found["a"] == Timing((1.0,) * 40, 3)


def test_no_new_round_begins_when_the_time_is_used_up():
    def slow(repeat):
        time.sleep(0.01)
        return 0.01

    found = timing.alternate({"slow": slow}, rounds=50, seconds=0.1)
    assert timing.LEAST_ROUNDS < len(found["slow"].laps) < 20
    found = timing.alternate({"slow": slow}, rounds=50, seconds=0.0)
    assert len(found["slow"].laps) == timing.LEAST_ROUNDS


@pytest.mark.parametrize(("seconds", "repeat"), [(10.0, 1), (0.4, 5), (1e-3, 2000), (0.0, 1 << 20)])
def test_calls_fill_a_lap(seconds, repeat):
    assert timing.calls_that_fill(2.0, lambda calls: seconds) == repeat


def test_the_first_call_does_not_count():
    """It gets its memory: a copy took so long in it that laps of one call were taken to be full."""
    seconds = iter([10.0, 1e-3])
    assert timing.calls_that_fill(2e-3, lambda calls: next(seconds)) == 2


def test_a_lap_warms_up_unless_it_is_told_not_to():
    calls = []
    timing.lap(lambda: calls.append(1), 5)
    assert len(calls) == 6
    timing.lap(lambda: calls.append(1), 1)
    assert len(calls) == 8
    timing.lap(lambda: calls.append(1), 1, warm=False)
    assert len(calls) == 9


def test_a_real_clock():
    found = timing.measure({"short": lambda: time.sleep(1e-3), "long": lambda: time.sleep(4e-3)}, 3)
    assert found["short"].median >= 1e-3
    assert found["long"].median >= 4e-3
    assert found["long"].ratio_to(found["short"]).median > 1
    assert found["short"].repeat >= 1


def test_no_rounds():
    with pytest.raises(ValueError, match="rounds must be at least 1, not 0"):
        timing.measure({}, rounds=0)
