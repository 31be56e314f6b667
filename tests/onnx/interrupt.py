"""Runs a job over and over, and interrupts it at each of its writing system calls in turn.

    python interrupt.py HOME kill|fail SOURCE TARGET

HOME/start is the folder to begin with; a copy of it, HOME/N, is what the job leaves that was
interrupted at the N-th call. SOURCE and TARGET are relative to it. The last copy is of a job that
came to its end. ``writing_calls.cpp`` must be loaded before the C library.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path

from mish.onnx._optimize_file import Outcome, Settings, run


def job(folder: Path, source: str, target: str) -> Outcome:
    return run(folder / source, folder / target, Settings(verify=False))


def main(home: Path, way: str, source: str, target: str) -> None:
    shutil.copytree(home / "start", home / "0", symlinks=True)
    job(home / "0", source, target)  # from here on everything is imported
    shim = ctypes.CDLL(None)
    calls, finished = 0, False
    while not finished:
        calls += 1
        folder = home / str(calls)
        shutil.copytree(home / "start", folder, symlinks=True)
        child = os.fork()
        if child == 0:
            shim.arm(ctypes.c_long(calls), ["kill", "fail"].index(way))
            status = job(folder, source, target).status
            left = ctypes.c_long.in_dll(shim, "left").value
            os._exit({"written": 0, "failed": 1}[status] + (2 if left else 0))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        finished = code == 2  # all was written before the call came
        if not finished and code not in ([-signal.SIGKILL] if way == "kill" else [0, 1]):
            raise SystemExit(f"call {calls}: the job ended with {code}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
