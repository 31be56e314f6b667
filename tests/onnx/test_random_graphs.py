"""Random models compute the same before and after, in every form, with the kernel and without.

``benchmarks/onnx/random_models.py`` does the same with many more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mish.onnx import FORMS

WORKER = Path(__file__).with_name("random_runs.py")
CASES = 250
OVERFLOW_IN_A_SCAN = 4050  # dropped by a ReduceMax behind it, so that the old outputs look sound


def judged(first: int, count: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-W", "error", str(WORKER), str(first), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr[-2000:]
    return [row for line in done.stdout.splitlines() if "sites" in (row := json.loads(line))]


def test_an_overflow_that_a_later_operator_hides_is_not_compared():
    [row] = judged(OVERFLOW_IN_A_SCAN, 1)
    assert row["wrong"] == []
    assert row["compared"] == 2 * (len(FORMS) + 1)


@pytest.mark.slow
def test_random_models():
    rows = judged(0, CASES)
    assert [row["case"] for row in rows] == list(range(CASES))
    assert [row["before"] for row in rows if "before" in row] == []
    assert [(row["case"], row["wrong"]) for row in rows if row["wrong"]] == []
    for form in FORMS:
        assert sum(row["sites"].get(form, 0) for row in rows) > CASES
    assert sum(row["compared"] for row in rows) > 10 * CASES
