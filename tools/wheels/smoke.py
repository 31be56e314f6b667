"""Whether an installed mish works: its modules load, and its results have the bits that they must.

Needs nothing but mish and NumPy, so that it runs in the clean environment of a wheel's test, under
an emulator too. `--print` prints the hashes instead of comparing them.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import time
from pathlib import Path

import numpy as np

import mish
from mish._numpy import native
from mish._support.libraries import loadable

FUNCTIONS = (mish.mish, mish.mish_d1, mish.mish_d2, mish.mish_d3)

# Of every function's results, one after the other. The same on every platform.
HASHES = {
    "float16": "7724cf5fcfa5cb8baaca51a1c895936454008bc5e397801a5cfbabfd9d5e47d9",
    "float32": "df943b44a6a7427a81dc4c50da5ef310157562cb36dd6826768ae9cc322ba941",
    "float64": "f6cce6909ebd732e305a2d6b389951d5293ea655d69b0ae80adc0e0111be3dee",
}


def inputs(dtype: type[np.floating]) -> np.ndarray:
    """Numbers of all magnitudes and both signs, the infinities, and many near zero."""
    info = np.finfo(dtype)
    bits = np.dtype(f"u{info.bits // 8}")
    spread = np.linspace(0, float(info.max.view(bits)), 40_000).astype(bits).view(dtype)
    near = np.linspace(-100, 100, 60_001).astype(dtype)
    return np.concatenate([spread, -spread, near, [np.inf, -np.inf]]).astype(dtype)


def hash_of(dtype: type[np.floating]) -> str:
    """SHA-256 of the results of all functions, little-endian."""
    digest = hashlib.sha256()
    x = inputs(dtype)
    for function in FUNCTIONS:
        digest.update(function(x).tobytes())
    digest.update(mish.mish_grad(x[::-1], x).tobytes())
    return digest.hexdigest()


def main() -> None:
    """Exit with 1 and say so if something is not as it must be."""
    start = time.perf_counter()
    hashes = {dtype.__name__: hash_of(dtype) for dtype in (np.float16, np.float32, np.float64)}
    if sys.argv[1:] == ["--print"]:
        print(hashes)
        return
    if hashes != HASHES:
        sys.exit(f"other bits than expected: {hashes}")
    kernel = ctypes.CDLL(str(loadable(Path(mish.__file__).parent / "onnx", "_kernel")))
    if not hasattr(kernel, "RegisterCustomOps"):
        sys.exit("the library for ONNX Runtime has no RegisterCustomOps")
    seconds = time.perf_counter() - start
    print(f"mish {mish.__version__}, {native.isa()}, {Path(native.__file__).name}: {seconds:.1f} s")


if __name__ == "__main__":
    main()
