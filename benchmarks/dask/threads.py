"""Threads of Dask beside threads of mish: the wall time of one computation, and how many there are.

    python benchmarks/dask/threads.py [ROUNDS]

The gradient of 2^24 float32 in chunks of 2^21, into memory that was there before. The settings take
turns, so that what else the machine does meets all of them; the least time of each counts.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import dask
import dask.array
import numpy as np

import mish

SETTINGS = [(of_dask, of_mish) for of_dask in (1, 2, 4) for of_mish in (1, 2)]


def main(rounds: int) -> None:
    x = np.random.default_rng(0).standard_normal(1 << 24, np.float32) * np.float32(3)
    lazy = dask.array.from_array(x, chunks=1 << 21, name=False)
    result = np.empty_like(x)
    least = dict.fromkeys(SETTINGS, float("inf"))
    threads = dict.fromkeys(SETTINGS, 0)
    for _ in range(rounds):
        for setting in SETTINGS:
            of_dask, of_mish = setting
            mish.set_num_threads(of_mish)
            with ThreadPoolExecutor(of_dask) as pool, dask.config.set(pool=pool):
                begin = time.perf_counter()
                dask.array.store(mish.mish_grad(lazy, lazy), result, lock=False)
                least[setting] = min(least[setting], time.perf_counter() - begin)
                threads[setting] = max(threads[setting], len(os.listdir("/proc/self/task")))
    print("| threads of Dask | of mish | ms | threads in the process |\n|---|---|---|---|")
    for of_dask, of_mish in SETTINGS:
        key = of_dask, of_mish
        print(f"| {of_dask} | {of_mish} | {least[key] * 1e3:.1f} | {threads[key]} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
