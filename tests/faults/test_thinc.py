"""Bad input to thinc's operations while `mish.thinc.accelerate` holds."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("thinc")

from thinc.api import NumpyOps

import mish.thinc

OPS = NumpyOps()
X = np.zeros((2, 3), "f")


@pytest.fixture(autouse=True)
def accelerated():
    with mish.thinc.accelerate():
        yield


@pytest.mark.parametrize("x", [[1.0], 1.0, "1"], ids=["list", "number", "text"])
def test_what_is_no_array_fails_as_in_thinc(x):
    with pytest.raises(TypeError, match="Argument 'X' has incorrect type"):
        OPS.mish(x)
    with pytest.raises(TypeError, match="has incorrect type"):
        OPS.backprop_mish(X, x)


def test_shapes_that_differ_fail_as_in_thinc():
    with pytest.raises(ValueError, match="incompatible shapes"):
        OPS.backprop_mish(X, X.T)
    with pytest.raises(ValueError, match="incompatible shapes"):
        OPS.backprop_mish(X[:1], X)  # no broadcasting


@pytest.mark.parametrize("threshold", ["20", None, 1j, [20.0]], ids=repr)
def test_a_threshold_that_is_no_number(threshold):
    with pytest.raises(TypeError, match=r"threshold must be a number, not \w+"):
        OPS.mish(X, threshold=threshold)
    with pytest.raises(TypeError, match=r"threshold must be a number, not \w+"):
        OPS.backprop_mish(X, X, threshold=threshold)


def test_a_threshold_that_is_nan():
    with pytest.raises(ValueError, match="threshold must be a number, not NaN"):
        OPS.mish(X, threshold=float("nan"))


@pytest.mark.parametrize("threshold", [20.0, -1.0])
def test_memory_that_is_read_only(threshold):
    x = X.copy()
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        OPS.mish(x, threshold, inplace=True)
    with pytest.raises(ValueError, match="read-only"):
        OPS.backprop_mish(x, X, threshold, inplace=True)


def test_a_thinc_that_is_too_old():
    show = """
import thinc
thinc.__version__ = "8.2.5"
try:
    import mish.thinc
except ImportError as error:
    print(error)
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == (
        "mish.thinc needs thinc 8.3 or newer, and 8.2.5 is installed: pip install 'thinc>=8.3'"
    )
