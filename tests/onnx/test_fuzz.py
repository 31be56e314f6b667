"""Damaged models: an error well told, or a sound model, and never anything else.

``benchmarks/onnx/fuzz.py`` does the same with many more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("fuzz.py")
CASES = 600


@pytest.mark.slow
def test_damaged_models(tmp_path):
    command = [sys.executable, "-W", "error", str(WORKER), "0", str(CASES)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-200:] + done.stderr[-2000:]
    rows = [row for line in done.stdout.splitlines() if "status" in (row := json.loads(line))]
    assert [row["case"] for row in rows] == list(range(CASES))
    assert [row for row in rows if row["wrong"]] == []
    assert max(row["seconds"] for row in rows) < 30
    assert max(row["peak"] for row in rows) < 1 << 20  # KiB
    statuses = Counter(row["status"] for row in rows)
    assert min(statuses["failed"], statuses["written"], statuses["nothing"]) > CASES // 50
