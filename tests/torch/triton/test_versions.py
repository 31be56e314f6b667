"""The kernels and the table of triton_versions.py, which `make test-triton` runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("triton")

from mish.cost import FORMATS, FUSED, OPERATIONS

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def versions(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS / "torch")
    yield importlib.import_module("triton_versions")
    del sys.modules["triton_versions"]


def test_every_kernel_is_there(versions):
    cases = versions.cases()
    assert len(set(map(str, cases))) == len(cases)
    pointwise = len(OPERATIONS) * len(FORMATS)
    fused = len(FUSED) * len(FORMATS) * 2 + 2 * 2  # both layouts; and large groups
    assert len(cases) == (pointwise + fused) * len(versions.CAPABILITIES)


def test_a_kernel_that_fails_is_told(versions):
    found = versions.examine(versions.Case("mish", "float128", 90))
    assert found["instructions"] is None and "float128" in found["wrong"][0]


def test_the_table(versions, monkeypatch):
    monkeypatch.setattr(versions, "VERSIONS", {"1.0": "2.0"})
    kernels = {str(case): {"wrong": [], "instructions": 12.34} for case in versions.cases()}
    kernels["mish_d2 float32 sm_100"] = {"wrong": ["LDL"], "instructions": None}
    line = versions.table({"1.0": kernels})[-1]
    assert line.startswith("| 1.0 | 2.0 | 56 of 56 | 56 of 56 | 55 of 56 | 12.3 |")


def test_the_page_keeps_its_other_lines(versions):
    page = "a\n" + versions.BEGIN + "old\n" + versions.END + "b\n"
    assert versions.put(page, ["new"]) == page.replace("old", "new")
    with pytest.raises(ValueError, match="lacks the marks"):
        versions.put("a\n", ["new"])
    assert versions.BEGIN in versions.PAGE.read_text(encoding="utf-8")
