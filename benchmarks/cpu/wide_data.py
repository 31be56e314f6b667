"""Times of the kernels on data that spreads, or lies all in one tail, against standard normal data.

    python benchmarks/cpu/wide_data.py          # MISH_ISA=avx2 for another instruction set

One thread, arrays in the cache, the fastest of many short laps, each input in turn; ns an element.
"""

from __future__ import annotations

import functools

import numpy as np

import mish
from mish._measure import arrays
from mish._numpy import native
from mish._truth.formats import as_dtype
from mish.bench import timing

SIZE = 65536  # beyond what a processor learns of the branches by heart
ROUNDS = 101
OPERATIONS = ("mish", "mish_d1", "mish_d2", "mish_d3", "mish_grad")
DTYPES = ("float32", "float64", "float16", "bfloat16")


def inputs() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    normal, far = random.standard_normal(SIZE), 12 + 3 * random.random(SIZE)
    return {"σ = 1": normal, "σ = 3": 3 * normal, "x < −12": -far, "x > 12": far}


def main() -> None:
    mish.set_num_threads(1)
    found = inputs()
    print(f"{native.isa()}, {SIZE} elements\n")
    print(f"| kernel | dtype | {' | '.join(found)} | σ = 3 against σ = 1 |")
    print("|---|---" + "|--:" * (len(found) + 1) + "|")
    for operation in OPERATIONS:
        function = getattr(mish, operation)
        for dtype in DTYPES:
            calls = {}
            for name, values in found.items():
                x = arrays.empty(SIZE, dtype)
                x[:] = values.astype(as_dtype(dtype))
                operands = [x] * function.nin
                out = arrays.empty(SIZE, dtype)
                calls[name] = functools.partial(function, *operands, out=out)
                for _ in range(2**20 // SIZE + 1):  # after so many 16-bit results come by table
                    calls[name]()
            laps = timing.measure(calls, ROUNDS, fill=5e-4)
            times = [min(each.laps) / SIZE * 1e9 for each in laps.values()]
            cells = " | ".join(f"{time:.2f}" for time in times)
            print(f"| `{operation}` | {dtype} | {cells} | {times[1] / times[0]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
