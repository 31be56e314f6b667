"""Where mish and Caffe2 differ by more than Caffe2's usual error, mish is right."""

from __future__ import annotations

import numpy as np
import pytest

from mish.caffe2 import MishGradientOp, MishOp, invoke
from mish.ulp import error

USUAL = {"float32": 4, "float64": 3}  # ulp; Caffe2's error of Mish where it is meant to work


@pytest.mark.parametrize("dtype", USUAL)
@pytest.mark.parametrize("order", [0, 1])
def test_against_caffe2(data, dtype, order):
    with np.load(data / "values.npz") as archive:
        x, y, dx = (archive[f"{blob}_{dtype}"] for blob in ("x", "y", "dx"))
    theirs = y if order == 0 else dx
    ours = invoke(MishOp(), x) if order == 0 else invoke(MishGradientOp(), x, x, np.ones_like(x))
    assert error(ours, x, order).max() < 1.04
    with np.errstate(invalid="ignore"):  # inf - inf
        close = np.abs(ours - theirs) <= USUAL[dtype] * np.spacing(np.abs(ours))
    differ = ~(close | (ours == theirs) | np.isnan(x))
    assert (error(theirs[differ], x[differ], order) > 1.04).all()
    assert differ.any()
    near = (np.abs(x) < 16) & ~np.isnan(x)
    np.testing.assert_allclose(ours[near], theirs[near], rtol=1e-3, atol=1e-5)


def test_caffe2_is_wrong_where_the_documentation_says_so(data):
    with np.load(data / "values.npz") as archive:
        x, y, dx = (archive[f"{blob}_float32"] for blob in ("x", "y", "dx"))
    assert np.isnan(y[x == -np.inf]).all()
    assert np.isnan(dx[np.isinf(x)]).all()
    left = (x < -16.7) & (x > -88)
    assert (dx[left] > 0).mean() > 0.95
    assert (invoke(MishGradientOp(), x, x, np.ones_like(x))[left] < 0).all()
