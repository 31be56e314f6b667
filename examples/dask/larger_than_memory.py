"""Mish of an array that no worker could hold, while one of the workers is killed.

    python examples/dask/larger_than_memory.py --elements 268435456 --limit-mb 400

The array is made, put through mish and reduced chunk by chunk, so a worker holds a few chunks at a
time. The checksums of the result are compared with those of NumPy's in this process.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import tempfile
import time
import zlib

import dask
import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster, as_completed

import mish

CHUNK = 1 << 21
# Nothing is written out and nobody waits for memory: a worker above its limit is ended.
WITHOUT_DISK = {f"distributed.worker.memory.{each}": False for each in ("target", "spill", "pause")}


def points(numbers: np.ndarray) -> np.ndarray:
    """The chunk of a number: float32 from -8 to 8, scattered, the same wherever it is made."""
    places = np.arange(CHUNK, dtype=np.uint32) + np.uint32(CHUNK) * np.uint32(numbers[0])
    scattered = (places * np.uint32(2654435761)) >> np.uint32(8)
    return scattered.astype(np.float32) * np.float32(2**-20) - np.float32(8)


def checksum(y: np.ndarray) -> np.ndarray:
    """A number that any change of the bits of a chunk changes."""
    return np.array([zlib.crc32(y)], np.uint32)


def peak_mb() -> int:
    """The largest memory that this process has held, in 10⁶ bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 10**6


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=int, default=1 << 28, help="about so many float32")
    parser.add_argument("--limit-mb", type=int, default=400, help="memory of a worker")
    return parser.parse_args()


def main() -> None:
    options = parse()
    count = max(4, options.elements // CHUNK)
    numbers = da.arange(count, chunks=1)
    x = numbers.map_blocks(points, chunks=((CHUNK,) * count,), dtype=np.float32)
    y = mish.mish(x)
    sums = y.map_blocks(checksum, chunks=((1,) * count,), dtype=np.uint32)
    print(f"array: {y.nbytes // 10**6} MB in {count} chunks, {y.dtype}; not computed yet")

    with (
        tempfile.TemporaryDirectory() as scratch,
        dask.config.set(WITHOUT_DISK, temporary_directory=scratch),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit=options.limit_mb * 10**6,
            dashboard_address=None,
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster) as client,
    ):
        workers = client.run(os.getpid)
        print(f"workers: {len(workers)}, each of {options.limit_mb} MB")
        print(f"threads of mish in each worker: {set(client.run(mish.get_num_threads).values())}")
        begin = time.perf_counter()
        futures = client.compute(list(sums.to_delayed().ravel()))
        for done, _ in enumerate(as_completed(futures), 1):
            if done == count // 3:
                os.kill(next(iter(workers.values())), signal.SIGKILL)
                print(f"killed one worker when {done} of {count} chunks were done")
        found = np.concatenate(client.gather(futures))
        print(f"computed in {time.perf_counter() - begin:.1f} s")
        print(f"largest memory of a worker: {max(client.run(peak_mb).values())} MB")

    for number, sum_ in enumerate(found):
        (expected,) = checksum(mish.mish(points(np.array([number]))))
        assert sum_ == expected, f"chunk {number} differs from NumPy's"
    print(f"all {count} chunks have the bits of NumPy's result")


if __name__ == "__main__":
    main()
