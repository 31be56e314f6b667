"""The results files that are checked in, and what README shows of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mish.bench import page
from mish.bench.results import Results

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "results"
FULL = sorted(path for path in FOLDER.glob("*.json") if '"import_time"' in path.read_text("utf-8"))


def test_there_is_one():
    assert FULL


@pytest.mark.parametrize("path", FULL, ids=lambda path: path.stem)
def test_a_page_shows_its_figures(path):
    results = Results.from_dict(json.loads(path.read_text(encoding="utf-8")))
    assert path.with_suffix(".md").read_text(encoding="utf-8") == page.page(results, path.stem)
    for picture in ("bars", "curve"):
        assert path.with_name(f"{path.stem}-{picture}.png").exists()


def test_readme_shows_the_ranges_over_all_machines():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Speed")[2].partition("\n## ")[0]
    script = ROOT / "benchmarks" / "cpu" / "ranges.py"
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert made.stdout in section
    assert len(made.stdout.splitlines()) == 2 + 8
    for path in FULL:
        assert path.with_suffix(".md").name in section
