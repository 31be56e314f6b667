"""Calls raise no floating-point warning, lose none, and neither obey nor change the settings.

The settings are those of the thread's control register: rounding, flushing of subnormals, traps.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

# MXCSR, the control and status register of SSE and AVX
FLUSH_TO_ZERO, DENORMALS_ARE_ZERO = 0x8000, 0x0040
DOWN, UP, TOWARDS_ZERO = 0x2000, 0x4000, 0x6000
STATUS = 0x003F

x86_linux = pytest.mark.skipif(
    (platform.machine(), sys.platform) != ("x86_64", "linux"),
    reason="knows the layout of fenv_t on x86-64 Linux only",
)


def read_environment() -> bytes:
    environment = ctypes.create_string_buffer(32)
    assert ctypes.CDLL(None).fegetenv(environment) == 0
    return environment.raw


def control(environment: bytes) -> int:
    """The settings in MXCSR, which ends fenv_t."""
    return int.from_bytes(environment[28:], "little") & ~STATUS


@contextlib.contextmanager
def settings(extra: int) -> Iterator[None]:
    """Run a block with these bits of MXCSR set; see that they are still set at its end."""
    before = read_environment()
    wanted = control(before) | extra
    library = ctypes.CDLL(None)
    altered = before[:28] + wanted.to_bytes(4, "little")
    assert library.fesetenv(ctypes.create_string_buffer(altered)) == 0
    try:
        yield
        after = read_environment()
    finally:
        library.fesetenv(ctypes.create_string_buffer(before))
    assert control(after) == wanted


def pairs(loop, values):
    """The values, or each of them with each."""
    if loop.ufunc.nin == 1:
        return [values]
    return [each.ravel() for each in np.meshgrid(values, values)]


def everything(loop, special):
    inputs = loop.inputs(50_000)
    return [
        np.concatenate(both) for both in zip(inputs, pairs(loop, special(loop.dtype)), strict=True)
    ]


def test_no_input_raises_a_warning(loop, special):
    inputs = everything(loop, special)
    with np.errstate(all="raise"):
        loop.ufunc(*inputs)
        loop.ufunc(*(each[::-2] for each in inputs))
        for one in zip(*pairs(loop, special(loop.dtype)), strict=True):
            loop.ufunc(*one)


@pytest.mark.parametrize(("value", "warning"), [(1e300, "overflow"), (1e-300, "underflow")])
def test_warnings_of_a_conversion_are_not_lost(ufunc, value, warning):
    """NumPy converts some elements and calls the loop, in turns, and looks at the end."""
    x = np.ones(20_000)
    x[10_000] = value
    for each in (np.sqrt if ufunc.nin == 1 else np.hypot, ufunc):
        with (
            np.errstate(all="raise"),
            pytest.raises(FloatingPointError, match=f"{warning} encountered in {each.__name__}"),
        ):
            each(*[x] * each.nin, dtype=np.float32)


@x86_linux
@pytest.mark.parametrize(
    "extra",
    [
        FLUSH_TO_ZERO,
        DENORMALS_ARE_ZERO,
        FLUSH_TO_ZERO | DENORMALS_ARE_ZERO,
        DOWN,
        UP,
        TOWARDS_ZERO,
        TOWARDS_ZERO | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO,
    ],
    ids=hex,
)
def test_settings_neither_count_nor_change(loop, extra, special, assert_same_bits):
    inputs = everything(loop, special)
    tiny = np.finfo(np.float32).smallest_subnormal
    expected = loop.ufunc(*inputs)
    backwards = np.empty_like(expected)
    with settings(extra):
        # NumPy's own arithmetic obeys: the settings are in force
        witness = [np.multiply(tiny, np.float32(each)) for each in (0.7, 1.3)]
        contiguous = loop.ufunc(*inputs)
        loop.ufunc(*(each[::-1] for each in inputs), out=backwards[::-1])
        single = [loop.ufunc(*(each[-1:] for each in inputs)) for _ in range(2)]
    assert witness != [tiny, tiny]
    assert_same_bits(contiguous, expected)
    assert_same_bits(backwards[::-1].copy(), expected[::-1].copy())
    for each in single:
        assert_same_bits(each, expected[-1:])


TRAPS = """
import ctypes
import numpy as np
import mish
x = np.array([1e-310, 5e-324, -708.5, -745.2, -800, 1e308, -1e308, np.inf, -np.inf, 400, -2.0])
ufuncs = [each for name in mish.__all__ if isinstance(each := getattr(mish, name), np.ufunc)]
inputs = [[x.astype(code)] * each.nin for each in ufuncs for code in "fd"]
environment = ctypes.create_string_buffer(32)
library = ctypes.CDLL(None)
library.fegetenv(environment)
before = environment.raw
library.fesetenv(ctypes.create_string_buffer(before[:28] + (0x1000).to_bytes(4, "little")))
{action}
library.fesetenv(ctypes.create_string_buffer(before))
print("done")
"""


@x86_linux
@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("for each, given in zip([u for u in ufuncs for _ in 'fd'], inputs): each(*given)", 0),
        ("x * x", -8),  # SIGFPE: the traps are set
    ],
    ids=["mish", "multiplication"],
)
def test_no_trap_is_sprung(action, status):
    """A program that wants a signal at the first overflow gets none from a call."""
    script = TRAPS.format(action=action)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stderr
    assert done.stdout == ("done\n" if status == 0 else "")
