"""Errors over x: what is measured, and what the pictures show."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from mish import ulp
from mish.plot import _errors as errors
from mish.plot import draw_errors, draw_errors_text


def curve(worst, label="other", ours=False):
    return errors.ErrorCurve(label, ours, np.linspace(-2, 2, len(worst) + 1), np.array(worst))


@pytest.fixture
def made_up(monkeypatch):
    """A picture with a gap, a NaN and a large error."""
    found = errors.ErrorPicture(
        "float32",
        0,
        (-2.0, 2.0),
        1.0,
        (curve([2.0, np.inf, np.nan, 3e4]), curve([0.5, 0.0, 0.5, 0.5], "mish", True)),
    )
    for module in ("mish.plot._draw_errors", "mish.plot._terminal_errors"):
        monkeypatch.setattr(f"{module}.measure", lambda *arguments: found)


def test_every_bin_has_its_worst_error():
    found = errors.measure(["numpy"], "float32", 0, (-30.0, 10.0), 40)
    peer, ours = found.curves
    assert (peer.label, ours.label) == ("NumPy x*tanh(log1p(exp(x)))", "mish")
    assert np.all((ours.worst >= 0) & (ours.worst <= 1)) and ours.worst.max() > 0.5
    x = errors._points(ours.edges, "float32")
    slow = ulp.error((x * np.tanh(np.log1p(np.exp(x)))).astype(np.float32), x)
    for i, worst in enumerate(peer.worst):
        inside = (x >= ours.edges[i]) & (x < ours.edges[i + 1])
        assert inside.sum() > 100
        assert worst == pytest.approx(slow[inside].max(), rel=1e-4)


@pytest.mark.parametrize(("dtype", "order"), [("float16", 1), ("bfloat16", 3), ("float64", 2)])
def test_ours_keep_their_bound(dtype, order):
    found = errors.measure([], dtype, order, (-20.0, 20.0), 10)
    assert found.bound == errors.BOUNDS[dtype]
    assert 0.3 < found.curves[-1].worst.max() <= found.bound + 2**-40


def test_drawing_shows_curves_bound_and_missing_numbers(made_up):
    above, below = draw_errors(figure=Figure())
    lines = {line.get_label(): line for line in below.lines}
    assert lines["other"].get_ydata()[[0, 3]].tolist() == [2.0, 3e4]
    assert np.isnan(lines["other"].get_ydata()[[1, 2]]).all()
    assert lines["other: NaN or ∞"].get_xdata().tolist() == [-0.5]
    assert lines["bound of mish, 1 ulp"].get_ydata()[0] == 1
    assert below.get_yscale() == "log" and below.get_ylim() == (0.1, 1e5)
    assert lines["mish"].get_ydata()[1] == 0.1  # 0 lies at the lower edge
    assert above.get_ylabel() == "mish(x)" and above.get_xlim() == (-2, 2)


def test_print_tells_lines_apart_without_colour(made_up):
    _, below = draw_errors(figure=Figure(), theme="print")
    lines = {line.get_label(): line for line in below.lines}
    assert lines["other"].get_linestyle() != lines["mish"].get_linestyle()


def test_terminal(made_up):
    lines = str(draw_errors_text(size=(60, 16))).split("\n")
    assert len(lines) == 16 and max(map(len, lines[:-1])) <= 60
    assert "▲" in lines[0] and not any("▲" in line for line in lines[1:-1])
    assert any("╌╌╌" in line for line in lines)
    assert "other" in lines[-1] and "bound of mish, 1 ulp (float32)" in lines[-1]
    powers = [line.split()[0] for line in lines[:-2] if line.strip().startswith("1e")]
    assert powers == sorted(powers, key=lambda text: -float(text)) and len(powers) >= 4
