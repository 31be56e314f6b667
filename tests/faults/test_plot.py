"""Bad input to the picture."""

from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure

from mish.plot import draw


@pytest.mark.parametrize("orders", [[], [2], [0, -1]])
def test_orders_must_exist(orders):
    with pytest.raises(ValueError, match="orders must be some of 0 and 1"):
        draw(orders, ax=Figure().subplots())


@pytest.mark.parametrize(
    "interval", [(1.0, 1.0), (2.0, -2.0), (-math.inf, 1.0), (0.0, math.inf), (math.nan, 1.0)]
)
def test_interval_must_be_finite_and_increasing(interval):
    with pytest.raises(ValueError, match="interval must be two finite increasing numbers"):
        draw(interval=interval, ax=Figure().subplots())
