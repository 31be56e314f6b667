"""Random models compute the same before and after, in every form, with the kernel and without.

``benchmarks/onnx/random_models.py`` does the same with many more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mish.onnx import FORMS

WORKER = Path(__file__).with_name("random_runs.py")
CASES = 250


@pytest.mark.slow
def test_random_models():
    command = [sys.executable, "-W", "error", str(WORKER), "0", str(CASES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr[-2000:]
    rows = [row for line in done.stdout.splitlines() if "sites" in (row := json.loads(line))]
    assert [row["case"] for row in rows] == list(range(CASES))
    assert [row["before"] for row in rows if "before" in row] == []
    assert [(row["case"], row["wrong"]) for row in rows if row["wrong"]] == []
    for form in FORMS:
        assert sum(row["sites"].get(form, 0) for row in rows) > CASES
    assert sum(row["compared"] for row in rows) > 10 * CASES
