"""Hold ``mish.inverse`` to its bound at every float32 output, on both branches.

Run it as ``python benchmarks/cpu/inverse_sweep.py``: it takes some twenty minutes of two cores. It
ends with 1 if a result is further from the exact inverse than 0.501 ulp. ``--step`` tries every
n-th output only.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

import mish
from mish._support.cpus import allowed_cpus
from mish._truth import brackets

WITHIN = 0.501
LEAST = np.float32(-0.3088434130172504)  # above the least value of Mish, so it has an inverse
BLOCK = 1 << 20
RANGES = {
    "right": [(0x80000001, int(LEAST.view(np.uint32))), (1, 0x7F7FFFFF)],
    "left": [(0x80000001, int(LEAST.view(np.uint32)))],
}


def beyond(start, branch, end, step):
    """Give the outputs of a block, by their bits, whose result is beyond the bound."""
    bits = np.arange(start, min(start + BLOCK * step, end + 1), step, dtype=np.uint32)
    y = bits.view(np.float32)
    return bits.size, y[~brackets.holds(mish.inverse(y, branch), y, branch, WITHIN)]


def sweep(branch, step, pool):
    """Try the outputs of a branch: how many there are, and those beyond the bound."""
    count, found = 0, []
    for first, last in RANGES[branch]:
        starts = range(first, last + 1, BLOCK * step)
        for size, wrong in pool.map(partial(beyond, branch=branch, end=last, step=step), starts):
            count += size
            found.extend(wrong.tolist())
    return count, found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--step", type=int, default=1, help="try every n-th output (default: all)")
    step = options.parse_args().step
    mish.set_num_threads(1)
    failed = False
    with ThreadPoolExecutor(allowed_cpus()) as pool:
        for branch in RANGES:
            count, wrong = sweep(branch, step, pool)
            examples = ", ".join(map(repr, wrong[:5]))
            print(f"{branch}: {count:,} outputs, {len(wrong)} beyond {WITHIN} ulp", examples)
            failed |= bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main())
