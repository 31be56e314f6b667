"""The complex plane: poles and zeros are where ball arithmetic puts them."""

from __future__ import annotations

import cmath

import numpy as np
import pytest
from flint import acb, arb
from matplotlib.figure import Figure

from mish.plot import draw_complex
from mish.plot._complex import mish_complex, poles, zeros

WINDOW = ((-8.0, 8.0), (-20.0, 20.0))


def halves(z):
    """Numerator and denominator of T, with balls of 1e-12 around z."""
    around = arb(0, 1e-12)
    e = (acb(z.real, z.imag) + acb(around, around)).exp()
    return e * (e + 2), e**2 + 2 * e + 2


def winding(function, centre, radius=0.1):
    """How often a value goes around 0 while z goes around a centre: zeros less poles inside."""
    z = centre + radius * np.exp(2j * np.pi * np.linspace(0, 1, 400))
    return round(np.unwrap(np.angle(function(z)))[[0, -1]] @ [-1, 1] / (2 * np.pi))


def test_poles_and_zeros_are_there():
    assert len(poles(*WINDOW)) == 12 and len(zeros(*WINDOW)) == 7
    for place in poles(*WINDOW):
        above, below = halves(place)
        assert below.contains(0) and not above.contains(0)
        assert winding(mish_complex, place) == -1
    for place in zeros(*WINDOW):
        above, below = halves(place)
        assert (place == 0 or above.contains(0)) and not below.contains(0)
        assert winding(mish_complex, place) == 1


def test_there_are_no_others():
    """The argument principle, on the edge of the window."""
    (left, right), (low, high) = WINDOW
    corners = [complex(*each) for each in ((left, low), (right, low), (right, high), (left, high))]
    sides = zip(corners, [*corners[1:], corners[0]], strict=True)
    z = np.concatenate([a + (b - a) * np.linspace(0, 1, 4000) for a, b in sides])
    turns = np.unwrap(np.angle(mish_complex(z)))[[0, -1]] @ [-1, 1] / (2 * np.pi)
    assert round(turns) == len(zeros(*WINDOW)) - len(poles(*WINDOW))


@pytest.mark.parametrize("z", [0.5 + 1j, -3 - 2j, 5 + 0j, -150 + 3j, 150 - 3j])
def test_values(z):
    expected = z * cmath.tanh(cmath.log(1 + cmath.exp(z)))
    if abs(z) > 100:
        expected = z * cmath.exp(z) if z.real < 0 else z
    np.testing.assert_allclose(mish_complex(np.array([z])), [expected], rtol=1e-12)


def test_picture():
    ax = draw_complex((-4, 4), (-3, 5), Figure().subplots(), theme="dark")
    assert tuple(ax.images[0].get_extent()) == (-4, 4, -3, 5)
    marks = {line.get_label(): line.get_xydata() for line in ax.lines}
    np.testing.assert_allclose(marks["pole"][:, 1], [-2.356194, 2.356194, 3.926991], rtol=1e-6)
    np.testing.assert_allclose(marks["zero"], [[0, 0], [0.693147, 3.141593]], rtol=1e-6)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-4, 4), (-3, 5))
