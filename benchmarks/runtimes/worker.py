"""One model in one runtime: what it computes, and how long beside ONNX Runtime.

It runs in the runtime's own environment, where mish is not installed. The command is a line of
JSON with ``runtime`` (a module of `of`), ``mode``, ``model``, ``plain`` (the same network with
Softplus, Tanh, Mul), ``inputs`` (an .npz), ``outputs`` (an .npz to write), ``folder`` for
whatever the converter leaves, ``rounds``. It prints one line of JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

Arrays = Mapping[str, np.ndarray]
Run = Callable[[], object]


def lap(run: Run, calls: int) -> float:
    """Seconds for one of some calls."""
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def in_turn(ours: Run, theirs: Run, rounds: int) -> list[tuple[float, float]]:
    """Laps of both, taking turns, each of some 50 ms; fewer where one call takes seconds.

    Ours has run once before; some runtimes compile in the second call.
    """
    theirs()
    times = [lap(run, 1) for run in (ours, theirs)]
    calls = [max(1, round(0.05 / max(each, 1e-6))) for each in times]
    rounds = min(rounds, max(2, round(10 / max(times))))
    return [(lap(ours, calls[0]), lap(theirs, calls[1])) for _ in range(rounds)]


def main() -> None:
    """Do the job that the command names."""
    job = json.loads(sys.argv[1])
    inputs = dict(np.load(job["inputs"]))
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    runtime = importlib.import_module(f"of.{job['runtime']}")
    run = runtime.load(Path(job["model"]), inputs, job["mode"], folder)
    outputs = run()
    np.savez(job["outputs"], *[np.asarray(each, np.float32) for each in outputs])
    found = {"versions": {name: version(name) for name in runtime.PACKAGES}}
    if job["rounds"]:
        import of.onnxruntime as plain

        theirs = plain.load(Path(job["plain"]), inputs, "float32", folder)
        found["laps"] = in_turn(run, theirs, job["rounds"])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
