"""The results files that are checked in, and what README shows of them."""

from __future__ import annotations

import json
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


def test_readme_shows_the_table_of_a_page():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Speed")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    assert len(table) > 3
    assert "make bench" in section
    (shown,) = (path for path in FULL if path.with_suffix(".md").name in section)
    results = Results.from_dict(json.loads(shown.read_text(encoding="utf-8")))
    assert "\n".join(table) == page.summary(results)
