"""The picture in braille."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mish.plot import draw_text
from mish.plot._terminal import _round, dots


def test_picture_fits_and_names_its_curves():
    lines = str(draw_text((0, 1), size=(100, 24))).split("\n")
    assert max(map(len, lines)) <= 100
    assert len(lines) == 24
    assert {"mish(x)", "mish′(x)", "extremum", "inflection", "zero"} <= set(lines[-1].split())
    assert sum(line.count("●") for line in lines[:-1]) == 3


def test_curves_lie_where_they_should():
    lines = str(draw_text((0,), (-4, 4), marks=(), size=(88, 42))).split("\n")[:40]
    body = [line[8:] for line in lines]
    heights = {}
    for row, line in enumerate(body):
        for column, sign in enumerate(line):
            if 0x2800 < ord(sign) < 0x2900:
                heights.setdefault(column, []).append(row)
    # x = 4 is at the top, x = −1.19 at the bottom of the curve
    assert min(heights[79]) == min(map(min, heights.values()))
    lowest = max(heights, key=lambda column: (max(heights[column]), -abs(column - 28)))
    assert -4 + 8 * lowest / 80 == pytest.approx(-1.2, abs=0.7)


def test_each_dot_has_its_bit():
    for row, column, bits in ((0, 0, 0x01), (0, 1, 0x08), (3, 0, 0x40), (3, 1, 0x80), (1, 0, 0x02)):
        x, y = np.array([(column + 0.5) / 2]), np.array([1 - (row + 0.5) / 4])
        assert dots(x, y, (0, 1), (0, 1), (1, 1))[0, 0] == bits


def test_round_numbers():
    assert _round(-6, 4) == [-6, -4, -2, 0, 2, 4]
    assert _round(-0.34, 4.1) == [0, 1, 2, 3, 4]


def test_too_small():
    with pytest.raises(ValueError, match="size must be from 28 columns and 7 lines to 1000"):
        draw_text(size=(20, 24))


@pytest.mark.parametrize("interval", [(-4e299, 4e299), (-1e-3, 1e-3), (100, 100.0001)])
def test_numbers_on_the_axes_are_whole_and_apart(interval):
    lines = str(draw_text((0, 1), interval, size=(60, 16))).split("\n")
    assert max(map(len, lines[:-1])) == 60
    ticks = lines[-2].split()
    assert len(ticks) > 1
    assert all(interval[0] <= float(tick) <= interval[1] for tick in ticks)
    assert len({float(tick) for tick in ticks}) == len(ticks)
    heights = [float(found[1]) for line in lines[:-2] if (found := re.match(r" *(\S*\d) ", line))]
    assert len(heights) > 1 and heights == sorted(set(heights), reverse=True)
