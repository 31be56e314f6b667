"""The judge of matches is judged by the reference."""

from __future__ import annotations

import numpy as np
import pytest

from mish import reference
from mish.onnx import proof
from mish.onnx.proof import POINTS, is_mish


def truth(order: int = 0) -> np.ndarray:
    return np.array([float(reference.value(x, order)) for x in POINTS])


def test_its_values_are_the_reference():
    np.testing.assert_allclose(proof._EXACT, truth(), rtol=1e-15, atol=0)
    np.testing.assert_allclose(proof._slope(POINTS), truth(1), rtol=1e-12, atol=1e-16)
    assert is_mish(truth(), double=True)


@pytest.mark.parametrize("double", [False, True])
def test_each_point_counts(double):
    unit = 2.0**-46 if double else 2.0**-24
    for index in np.flatnonzero(np.abs(POINTS) > 1e-3):
        values = truth()
        allowed = unit * proof._REACH[index] + proof._FLOOR[index]
        values[index] += 0.9 * allowed
        assert is_mish(values, double=double)
        values[index] += 0.2 * allowed
        assert not is_mish(values, double=double)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_mish(value):
    values = truth()
    values[0] = value
    assert not is_mish(values, double=False)


def test_other_shapes_and_types_are_not_mish():
    assert not is_mish(np.float64(0.5), double=False)
    assert not is_mish(truth().astype(bool), double=False)


@pytest.mark.parametrize("threshold", [5.0, 4.0, 1.0])
def test_low_thresholds_show(threshold):
    softplus = np.where(threshold < POINTS, POINTS, np.logaddexp(POINTS, 0))
    assert not is_mish(POINTS * np.tanh(softplus), double=False)


@pytest.mark.parametrize("beta", [1 + 1e-6, 1 - 1e-6, 0.999])
def test_other_betas_show(beta):
    assert not is_mish(POINTS * np.tanh(np.logaddexp(beta * POINTS, 0) / beta), double=False)
