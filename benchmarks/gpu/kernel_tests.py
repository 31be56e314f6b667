"""The package's tests of the kernels, on the device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from context import Context

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("tests") / "torch" / "triton"
# Those that say most first; compiled code and this benchmark are tested elsewhere.
FILES = ("test_dispatch.py", "test_launch.py", "test_accuracy.py", "test_fused.py")
WORKERS = 12


def run(context: Context) -> None:
    """Several processes, each with its own tests; what fails is told at once."""
    # A strange machine's warnings are no errors, and its plugins are not asked.
    command = [sys.executable, "-m", "pytest", "-q", "-W", "default", "-p", "kernel_tests_plugin"]
    command += ["-p", "no:cacheprovider"]
    if context.dry:
        command += ["-k", "interpreter and float32", str(FOLDER / "test_launch.py")]
    else:
        workers = min(WORKERS, os.cpu_count() or 1)
        command += ["-p", "xdist.plugin", "-n", str(workers), "-k", "cuda or not interpreter"]
        command += [str(FOLDER / name) for name in FILES]
    told = {"stage": context.stage, "table": "Tests", "rows": str(context.rows)}
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "KERNEL_TESTS": json.dumps(told),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if code:
        raise RuntimeError(f"pytest ended with {code}")
