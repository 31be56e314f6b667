"""What ends a training by second derivatives with PyTorch's Mish, and none with ours."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("matplotlib")
pytest.importorskip("torch", exc_type=ImportError)

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "studies" / "first_nan.py"))
PAGE = ROOT / "studies" / "results" / "precision-first-nan.md"


def test_theirs_ends_with_the_first_number_that_overflows():
    run = SCRIPT["Run"]({"inputs": "wide", "penalty": True}, 33, 0.01)
    largest, accuracy = SCRIPT["watched"]("torch-mish", run)
    assert accuracy is None
    assert max(largest[:-1]) < SCRIPT["OVERFLOW"] < largest[-1]
    largest, accuracy = SCRIPT["watched"]("mish", run)
    assert max(largest) > SCRIPT["OVERFLOW"]
    assert accuracy > 85


def test_every_run_that_diverged_did_so():
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines()[-50:]]
    rows = [row for row in rows if row[0] in {"usual", "wide"}]
    assert [int(row[2]) for row in rows] == [run.seed for run in SCRIPT["diverged"]()]
    assert all(float(row[4]) < SCRIPT["OVERFLOW"] < float(row[5]) for row in rows)
