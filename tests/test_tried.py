"""What the matrix of noxfile.py found, against what pyproject.toml and the page of it say."""

from __future__ import annotations

import importlib.util
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from mish._support.tried import span, tried

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def results():
    spec = importlib.util.spec_from_file_location("results", ROOT / "tools/matrix/results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_what_was_found(results):
    assert results.PAGE.read_text(encoding="utf-8") == results.page(results.read())


@pytest.mark.parametrize(
    ("title", "package"),
    [("PyTorch", "torch"), ("ONNX Runtime", "onnxruntime"), ("JAX", "jax")],
)
def test_the_lower_bound_was_tried_and_works(title, package):
    named = [each for each in map(Requirement, requires("mish")) if each.name == package]
    (lowest,) = {bound.version for each in named for bound in each.specifier}
    oldest = tried()[title][0]
    assert Version(oldest).release[:2] == Version(lowest).release[:2]


@pytest.mark.parametrize("title", ["Python", "NumPy", "PyTorch", "ONNX Runtime", "JAX"])
def test_readme_names_the_oldest_and_the_newest(title):
    ends = [".".join(tried()[title][place].split(".")[:2]).rstrip("t") for place in (0, -1)]
    assert f"{title} {' to '.join(ends)}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_counts_of_a_report(results, tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>'
    )
    assert results.counts(report) == (3, 3, 3)


def test_a_cell_takes_the_place_of_its_earlier_one(results, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "TRIED", tmp_path / "tried.json")
    monkeypatch.setattr(results, "PAGE", tmp_path / "page.md")
    for version, failed in (("2.10.0", 0), ("2.9.1", 3), ("2.9.1", 0)):
        cell = results.Cell(of="PyTorch", version=version, python="3.11.7", packages={"numpy": "2"})
        results.record(cell | {"passed": 5, "failed": failed, "skipped": 1})
    assert [(each["version"], each["failed"]) for each in results.read()] == [
        ("2.9.1", 0),
        ("2.10.0", 0),
    ]
    assert "| 2.9.1 | 3.11.7 | 2 | 5 | 0 | 1 |\n| 2.10.0 |" in results.PAGE.read_text()


def test_a_span_is_told_in_words(monkeypatch):
    from mish._support import tried as module

    monkeypatch.setattr(module, "tried", lambda: {"A": ["1.9", "1.10"], "B": ["3"]})
    assert [span(title) for title in "ABC"] == ["1.9 to 1.10", "3", "none"]
