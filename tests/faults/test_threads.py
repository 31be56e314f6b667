"""Numbers of threads that are none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import mish


@pytest.mark.parametrize("number", [0, -1, 1025, 1 << 80])
def test_out_of_range(number):
    before = mish.get_num_threads()
    with pytest.raises(ValueError, match=f"n must be from 1 to 1024, not {number}"):
        mish.set_num_threads(number)
    assert mish.get_num_threads() == before


@pytest.mark.parametrize("number", ["2", 2.0, None])
def test_no_integer(number):
    with pytest.raises(TypeError, match=f"n must be an integer, not {type(number).__name__}"):
        mish.set_num_threads(number)


@pytest.mark.parametrize("variable", ["MISH_NUM_THREADS", "OMP_NUM_THREADS"])
@pytest.mark.parametrize("value", ["0", "-2", "two", "2.5", "1025", ",2", "²"])
def test_environment(variable, value):
    usual = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    shown = subprocess.run(
        [sys.executable, "-c", "import mish; mish.mish"],
        env=usual | {variable: value, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert shown.returncode == 1
    assert shown.stderr.splitlines()[-1] == (
        f"ImportError: {variable}={value}: this is no number of threads; unset {variable} or "
        "set it to a number from 1 to 1024"
    )
