"""Whether an installed mish works: its modules load, and its results have the bits that they must.

Needs nothing but mish and NumPy, so that it runs in the clean environment of a wheel's test, under
an emulator too. `--print` prints the hashes instead of comparing them.
"""

from __future__ import annotations

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
    "float16": "47a9f8202c50d0b4e38f153546fa9ebc2e4a5d683a2570055abe485881bc7cbd",
    "float32": "86ffef42fd80df0da0b8b63cb3ae03104a965034544232a1f3c2893232d8d6e4",
    "float64": "18c175a0e04f685113f2f5cefa164a6bb350ab6dbb00a54b4c8686820c6e2bc0",
}


def inputs(dtype: type[np.floating]) -> np.ndarray:
    """Numbers of all magnitudes and both signs, infinities, NaNs, and many near zero."""
    info = np.finfo(dtype)
    bits = np.dtype(f"u{info.bits // 8}")
    spread = np.linspace(0, float(info.max.view(bits)), 40_000).astype(bits).view(dtype)
    near = np.linspace(-100, 100, 60_001).astype(dtype)
    infinity = int(dtype(np.inf).view(bits))
    signaling, quiet = infinity + 1, infinity + (1 << info.nmant - 1) + 5
    sign = 1 << info.bits - 1
    nans = np.array([signaling, quiet, sign + signaling, sign + quiet], bits).view(dtype)
    infinities = np.array([np.inf, -np.inf], dtype)
    return np.concatenate([spread, -spread, near, infinities, nans])


def hash_of(dtype: type[np.floating]) -> str:
    """SHA-256 of the results of all functions, little-endian."""
    digest = hashlib.sha256()
    x = inputs(dtype)
    for function in FUNCTIONS:
        digest.update(function(x).tobytes())
    digest.update(mish.mish_grad(x[::-1], x).tobytes())
    return digest.hexdigest()


def try_kernel() -> str:
    """What is to be said of the library for ONNX Runtime; exit if it lacks its entry."""
    try:
        import ctypes
    except ImportError:  # not every Python has it
        return "; no ctypes, so the library for ONNX Runtime was not loaded"
    kernel = ctypes.CDLL(str(loadable(Path(mish.__file__).parent / "onnx", "_kernel")))
    if not hasattr(kernel, "RegisterCustomOps"):
        sys.exit("the library for ONNX Runtime has no RegisterCustomOps")
    return ""


def main() -> None:
    """Exit with 1 and say so if something is not as it must be."""
    start = time.perf_counter()
    hashes = {dtype.__name__: hash_of(dtype) for dtype in (np.float16, np.float32, np.float64)}
    if sys.argv[1:] == ["--print"]:
        print(hashes)
        return
    if hashes != HASHES:
        sys.exit(f"other bits than expected: {hashes}")
    left_out = try_kernel()
    tried = f"{native.isa()}, {Path(native.__file__).name}: {time.perf_counter() - start:.1f} s"
    print(f"mish {mish.__version__}, {tried}{left_out}")


if __name__ == "__main__":
    main()
