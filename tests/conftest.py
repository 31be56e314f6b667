"""The ufuncs of mish, whichever there are, and inputs to try them on."""

from __future__ import annotations

import functools
import os
import shutil
import stat
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import ml_dtypes
import numpy as np
import pytest

import mish

UFUNCS = [each for name in mish.__all__ if isinstance(each := getattr(mish, name), np.ufunc)]
UNARY = [each for each in UFUNCS if each.nin == 1]
BINARY = [each for each in UFUNCS if each.nin == 2]
FORMATS = [np.dtype(each) for each in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)]


class Loop(NamedTuple):
    """A ufunc and a dtype that it computes in."""

    ufunc: np.ufunc
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{self.ufunc.__name__}-{self.dtype}"

    def inputs(self, shape: int | tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
        """One array of mixed numbers for each input of the ufunc."""
        return [mixed(self.dtype, shape, seed + i).copy() for i in range(self.ufunc.nin)]


def computes_in(ufunc: np.ufunc, dtype: np.dtype) -> bool:
    return ufunc(*[np.zeros(1, dtype)] * ufunc.nin).dtype == dtype


LOOPS = [Loop(ufunc, dtype) for ufunc in UFUNCS for dtype in FORMATS if computes_in(ufunc, dtype)]


def special(dtype: np.dtype) -> np.ndarray:
    """Both zeros, the ends of the subnormals and normals, infinities, NaNs with payloads."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    infinity = int(np.array(np.inf, dtype).view(unsigned))
    normal = infinity & -infinity
    quiet = infinity | normal >> 1
    ends = [0, 1, normal - 1, normal, infinity - 1, infinity]
    nans = [quiet, quiet | 5, quiet | (normal >> 1) - 1, infinity | 1, quiet - 1]
    sign = 1 << (8 * dtype.itemsize - 1)
    patterns = [sign_bit | pattern for pattern in ends + nans for sign_bit in (0, sign)]
    return np.array(patterns, unsigned).view(dtype)


@functools.lru_cache(maxsize=32)
def mixed(dtype: np.dtype, shape: int | tuple[int, ...], seed: int) -> np.ndarray:
    """Random bit patterns, numbers from the middle and the tails, special values, side by side."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    patterns = np.frombuffer(rng.bytes(size * dtype.itemsize), dtype)
    middle = rng.uniform(-12, 12, size).astype(dtype)
    tails = (rng.choice([-1, 1], size) * np.exp(rng.uniform(0, 7, size))).astype(dtype)
    specials = rng.choice(special(dtype).view(f"u{dtype.itemsize}"), size).view(dtype)
    kind = rng.choice(4, size, p=[0.3, 0.3, 0.3, 0.1])
    return (
        np.choose(
            kind, [each.view(f"u{dtype.itemsize}") for each in (patterns, middle, tails, specials)]
        )
        .view(dtype)
        .reshape(shape)
    )


def bits(array: np.ndarray) -> np.ndarray:
    """The representation, so that signs of zero and NaNs count in a comparison."""
    array = np.asarray(array)
    return array.view(np.dtype(f"u{array.itemsize}").newbyteorder(array.dtype.byteorder))


def _assert_same_bits(got: np.ndarray, expected: np.ndarray) -> None:
    assert (np.asarray(got).dtype, np.shape(got)) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(bits(got), bits(expected))


@pytest.fixture
def assert_same_bits() -> Callable[[np.ndarray, np.ndarray], None]:
    return _assert_same_bits


@pytest.fixture(params=UFUNCS, ids=attrgetter("__name__"))
def ufunc(request: pytest.FixtureRequest) -> np.ufunc:
    return request.param


@pytest.fixture(params=UNARY, ids=attrgetter("__name__"))
def unary(request: pytest.FixtureRequest) -> np.ufunc:
    return request.param


@pytest.fixture(params=BINARY, ids=attrgetter("__name__"))
def binary(request: pytest.FixtureRequest) -> np.ufunc:
    return request.param


@pytest.fixture(params=LOOPS, ids=str)
def loop(request: pytest.FixtureRequest) -> Loop:
    return request.param


@pytest.fixture
def loops() -> list[Loop]:
    return LOOPS


@pytest.fixture(name="special")
def _special() -> Callable[[np.dtype], np.ndarray]:
    return special


@pytest.fixture
def null_device(tmp_path: Path) -> Path:
    """A device node of the test's own that swallows what is written to it."""
    return _device(tmp_path / "null", 3)


@pytest.fixture
def full_device(tmp_path: Path) -> Path:
    """A device node of the test's own that takes nothing, as a full disk."""
    return _device(tmp_path / "full", 7)


def _device(path: Path, minor: int) -> Path:
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        path.open("wb").close()
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    return path


@pytest.fixture(scope="session")
def pages_touched():
    """How many pages a call makes the system give it, its result held; the least of three tries.

    In a machine short of memory the system may not find a huge page at once. Skips where it gives
    none to a process that asks.
    """
    resource = pytest.importorskip("resource")
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not setting.exists() or "[never]" in setting.read_text():
        pytest.skip("the system has no huge pages for those that ask")

    def touched(call):
        counts = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            result = call()
            counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
            del result
        return min(counts)

    return touched


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, for pages; skips where it or playwright is missing."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as program:
        # a browser that runs as root, as in a container, has no sandbox of its own
        browser = program.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
