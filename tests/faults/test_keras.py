"""Bad input to mish.keras."""

from __future__ import annotations

import subprocess
import sys

import pytest

keras = pytest.importorskip("keras")

import mish.keras  # noqa: E402
from mish.keras._backends import mish_of  # noqa: E402


def test_a_back_end_without_mish():
    with pytest.raises(
        NotImplementedError,
        match=r"no Mish for the back end 'openvino': set KERAS_BACKEND to 'jax', 'numpy'",
    ):
        mish_of("openvino")


@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64"])
def test_dtypes_without_mish(dtype):
    """As the back end's own Mish does; JAX promotes integers."""
    x = keras.ops.convert_to_tensor([0, 1], dtype)
    backend = keras.backend.backend()
    if backend == "numpy" or (backend == "jax" and dtype != "complex64"):
        try:
            found = mish.keras.mish(x)
        except TypeError as error:
            assert "mish" in str(error)
        else:
            assert "float" in str(found.dtype)
        return
    refused = "not implemented for|x must be of a floating-point dtype|complex"
    with pytest.raises((TypeError, NotImplementedError), match=refused):
        mish.keras.mish(x)


@pytest.mark.parametrize("x", ["text", None, object()], ids=["text", "None", "object"])
def test_what_is_no_tensor(x):
    with pytest.raises((TypeError, ValueError)):
        mish.keras.mish(x)


def test_a_keras_that_is_too_old():
    show = """
import keras
keras.__version__ = "2.15.0"
try:
    import mish.keras
except ImportError as error:
    print(error)
"""
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == (
        "mish.keras needs keras 3.5 or newer, and 2.15.0 is installed: pip install 'keras>=3.5'"
    )
