"""What a database has, as a page and with what made it."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("statsmodels")

from study_rows import JOBS

import mish
from mish import study
from mish.study._provenance import provenance
from mish.study._store import Store
from mish.study._table import read_table, write_table


def test_the_page_of_a_database(database, tmp_path):
    study.report(database, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<section id="fake"' in text and "Do the engine and the command" in text
    assert f"{JOBS} with those for learning rates" in text
    assert text.count("<section id=") == 2  # the verdicts, and the only study that was run


def test_what_made_the_results_goes_with_them(database, tmp_path):
    frame = study.results(database, "fake")
    made = provenance(frame, "fake", "full")
    assert made["jobs"] == JOBS and made["first"] <= made["last"]
    assert made["seconds"] > 0 and len(made["machines"]) == 1
    assert made["software"]["mish"] == [mish.__version__]
    write_table(frame, tmp_path / "table.parquet")
    assert provenance(read_table(tmp_path / "table.parquet"), "fake", "full") == made
    assert provenance(frame, "fake", "quick") is None


def test_nothing_to_compare_makes_no_page(tmp_path):
    Store(tmp_path / "d.sqlite", create=True).close()
    with pytest.raises(ValueError, match="no two activations to compare yet"):
        study.report(tmp_path / "d.sqlite", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
