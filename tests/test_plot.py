"""What the picture shows."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import mish
from mish.plot import draw


@pytest.fixture
def ax():
    return Figure().subplots()


def curves(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def marks(ax):
    return sorted(
        tuple(map(float, line.get_xydata()[0])) for line in ax.lines if line.get_marker() == "o"
    )


def test_curves_are_the_ufuncs(ax):
    assert draw(interval=(-3.0, 2.0), ax=ax) is ax
    shown = curves(ax)
    assert list(shown) == ["mish(x)", "mish′(x)"]
    for line, function in zip(shown.values(), (mish.mish, mish.mish_d1), strict=True):
        x, y = line.get_data()
        assert (x[0], x[-1]) == (-3, 2)
        np.testing.assert_array_equal(y, function(x))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(shown)


def test_orders_choose_the_curves(ax):
    draw([1], ax=ax)
    assert list(curves(ax)) == ["mish′(x)"]


def test_marks_are_stationary_points(ax):
    draw(ax=ax)
    shown = marks(ax)
    assert [x for x, _ in shown] == pytest.approx([-2.2563764, -1.1924312, 1.4905712])
    assert [y for _, y in shown] == pytest.approx([-0.1125261, -0.3088434, 1.0884982])
    assert "(-1.192, -0.309)" in {text.get_text() for text in ax.texts}
    heights, slopes = (line.get_ydata() for line in curves(ax).values())
    assert shown[1][1] <= heights.min()
    assert shown[0][1] <= slopes.min() < slopes.max() <= shown[2][1]


def test_marks_outside_the_interval_are_left_out(ax):
    draw(interval=(-2.0, 1.0), ax=ax)
    assert [x for x, _ in marks(ax)] == pytest.approx([-1.1924312])


def test_without_axes_a_new_figure_is_made(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    ax = draw()
    assert ax.figure.number in pyplot.get_fignums()
    pyplot.close(ax.figure)
