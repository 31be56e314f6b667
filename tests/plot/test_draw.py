"""What the picture shows."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import mish
from mish.plot import draw


@pytest.fixture
def ax():
    return Figure().subplots()


def curves(ax):
    return {
        line.get_label(): line
        for line in ax.lines
        if not line.get_label().startswith("_") and len(line.get_xdata()) > 1
    }


def marks(ax, shape="o"):
    return sorted(
        tuple(map(float, line.get_xydata()[0]))
        for line in ax.lines
        if line.get_marker() == shape and len(line.get_xdata())
    )


def test_curves_are_the_ufuncs(ax):
    assert draw(interval=(-3.0, 2.0), ax=ax) is ax
    shown = curves(ax)
    assert list(shown) == ["mish(x)", "mish′(x)"]
    for line, function in zip(shown.values(), (mish.mish, mish.mish_d1), strict=True):
        x, y = line.get_data()
        assert (x[0], x[-1]) == (-3, 2)
        np.testing.assert_array_equal(y, function(x))
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == [*shown, "extremum", "inflection", "zero"]


def test_orders_choose_the_curves(ax):
    draw([1], ax=ax)
    assert list(curves(ax)) == ["mish′(x)"]


def test_marks_are_stationary_points(ax):
    draw(ax=ax)
    shown = marks(ax)
    assert [x for x, _ in shown] == pytest.approx([-2.2563764, -1.1924312, 1.4905712])
    assert [y for _, y in shown] == pytest.approx([-0.1125261, -0.3088434, 1.0884982])
    assert "(−1.192, −0.309)" in {text.get_text() for text in ax.texts}
    heights, slopes = (line.get_ydata() for line in curves(ax).values())
    assert shown[1][1] <= heights.min()
    assert shown[0][1] <= slopes.min() < slopes.max() <= shown[2][1]


def test_zeros_and_inflections_are_marked(ax):
    draw(ax=ax)
    assert [x for x, _ in marks(ax, "s")] == pytest.approx([-1.1924312, 0])
    inflections = [-3.2673378, -2.2563764, -0.0879344, 1.4905712, 2.1148426]
    assert [x for x, _ in marks(ax, "D")] == pytest.approx(inflections, abs=1e-6)
    assert {"x = −1.192", "x = 0", "(−2.256, −0.224)"} <= {text.get_text() for text in ax.texts}


def test_marks_can_be_left_out(ax):
    draw(marks=["zeros"], ax=ax)
    assert not marks(ax) and not marks(ax, "D") and len(marks(ax, "s")) == 2


def test_any_order_and_other_activations(ax):
    draw([4], (-5, 5), ax, against=["silu", "relu"])
    shown = curves(ax)
    assert list(shown) == ["mish⁽⁴⁾(x)", "silu⁽⁴⁾(x)", "relu⁽⁴⁾(x)"]
    x, y = shown["mish⁽⁴⁾(x)"].get_data()
    np.testing.assert_array_equal(y, mish.derivative(x, 4))
    colours = {line.get_color() for line in shown.values()}
    styles = {line.get_linestyle() for line in shown.values()}
    assert len(colours) == len(styles) == 3


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_labels_overlap_neither_each_other_nor_the_frame(theme):
    ax = Figure(figsize=(7, 4.5), layout="constrained").subplots()
    draw(ax=ax, theme=theme)
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]  # without the leaders
    assert len(boxes) == 10
    frame = ax.get_window_extent()
    for i, box in enumerate(boxes):
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize(
    ("orders", "interval", "size"),
    [
        ([0, 1, 2, 3], (-6, 4), (7, 4.5)),
        ([0, 1], (-1e3, 1e3), (7, 4.5)),
        ([0, 1], (-4e299, 4e299), (7, 4.5)),
        ([0, 1], (-6, 4), (2, 2)),
        ([0, 1], (-6, 4), (3, 2)),
        ([0, 1, 2], (-6, 4), (20, 2)),
    ],
)
def test_labels_that_do_not_fit_are_left_out_and_counted(orders, interval, size):
    ax = Figure(figsize=size, layout="constrained").subplots()
    draw(orders, interval, ax=ax)
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    legend, frame = ax.get_legend().get_window_extent(), ax.get_window_extent()
    for i, box in enumerate(boxes):
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert not box.overlaps(legend)
        assert not any(box.overlaps(other) for other in boxes[:i])
    count = sum(len(line.get_xdata()) == 1 for line in ax.lines)
    note = ax.get_title(loc="right")
    left_out = int(note.split()[0]) if note else 0
    assert len(boxes) > 0 and len(boxes) + left_out == count


def test_the_axes_end_where_they_should(ax):
    draw(interval=(100.0, 200.0), ax=ax)
    assert ax.get_xlim() == (100, 200)


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
