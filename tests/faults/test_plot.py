"""Bad input to the picture."""

from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure

from mish.plot import draw


@pytest.mark.parametrize("orders", [[], [-1], [0, -1]])
def test_orders_must_exist(orders):
    with pytest.raises(ValueError, match="orders must be one or more numbers from 0 on"):
        draw(orders, ax=Figure().subplots())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": (-1e308, 1e308)}, "interval must be narrower than 1e\\+300"),
        ({"interval": (1.0, 1.0 + 1e-12)}, "and wider than 1e-09 of its larger end"),
        ({"against": ["swoosh"]}, "against must be one of mish, silu, .*, not 'swoosh'"),
        ({"marks": ["poles"]}, "marks must be some of extrema, zeros, inflections, not 'poles'"),
        ({"theme": "pink"}, "theme must be one of light, dark, print, not 'pink'"),
        ({"orders": range(13)}, "13 curves are too many for one picture"),
    ],
)
def test_options_must_exist(options, message):
    with pytest.raises(ValueError, match=message):
        draw(ax=Figure().subplots(), **options)


@pytest.mark.parametrize(
    "interval", [(1.0, 1.0), (2.0, -2.0), (-math.inf, 1.0), (0.0, math.inf), (math.nan, 1.0)]
)
def test_interval_must_be_finite_and_increasing(interval):
    with pytest.raises(ValueError, match="interval must be two finite increasing numbers"):
        draw(interval=interval, ax=Figure().subplots())
