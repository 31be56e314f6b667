"""The exact solutions solve their equations."""

from __future__ import annotations

import pytest
import torch

from mish.study._equations import EQUATIONS, derivatives
from mish.study._seeds import torch_generator

pytestmark = pytest.mark.slow  # they train, or start processes that do


@pytest.fixture(params=EQUATIONS)
def equation(request):
    return EQUATIONS[request.param]


def test_the_solution_has_no_residual(equation):
    points = equation.inside(200, torch_generator(1, "points")).double()
    parts = derivatives(equation.exact, points)
    assert parts[2].abs().max() > 0.1
    assert equation.residual(points, *parts).abs().max() < 1e-12


def test_another_function_has(equation):
    points = equation.inside(200, torch_generator(1, "points")).double()
    wrong = derivatives(lambda at: 1.1 * equation.exact(at) + at[:, 0] ** 2, points)
    assert equation.residual(points, *wrong).abs().max() > 0.1


def test_points_are_in_the_box_and_on_its_sides(equation):
    inside = equation.inside(100, torch_generator(1, "points"))
    edge = equation.boundary(100, torch_generator(1, "points"))
    low, high = torch.tensor(equation.low), torch.tensor(equation.high)
    assert ((inside > low) & (inside < high)).all()
    assert ((edge == low) | (edge == high)).any(1).all()
    sides = {(d, u) for d in range(len(low)) for u in (False, True)}
    reached = {(d, u) for d, u in sides if (edge[:, d] == (high if u else low)[d]).any()}
    assert reached == set(equation.edges)


def test_derivatives_are_those_of_the_function():
    points = torch.tensor([[0.3, -1.2], [2.0, 0.5]], dtype=torch.float64)
    values, first, second = derivatives(lambda at: at[:, 0] ** 3 * at[:, 1] ** 2, points)
    x, y = points.unbind(1)
    assert torch.allclose(values, x**3 * y**2)
    assert torch.allclose(first, torch.stack([3 * x**2 * y**2, 2 * x**3 * y], 1))
    assert torch.allclose(second, torch.stack([6 * x * y**2, 2 * x**3], 1))


def test_a_function_of_straight_pieces_has_second_derivative_0():
    points = torch.tensor([[0.3], [-2.0]])
    _, first, second = derivatives(lambda at: at[:, 0].relu(), points)
    assert first.flatten().tolist() == [1, 0]
    assert second.flatten().tolist() == [0, 0]
