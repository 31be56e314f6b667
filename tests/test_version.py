"""The version, written in several files, is the same in all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mish

ROOT = Path(__file__).parents[1]
PLACES = {
    "pyproject.toml": r'^version = "(.*)"$',
    "CITATION.cff": r"^version: (.*)$",
    "tools/conda/recipe.yaml": r'^  version: "(.*)"$',
}


@pytest.mark.parametrize("name", PLACES)
def test_same_version(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(PLACES[name], text, re.M) == [mish.__version__]


def test_changelog_dates_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.M)
    released = [each for each in headings if each != "[Unreleased]"]
    assert re.fullmatch(rf"\[{re.escape(mish.__version__)}\] - \d{{4}}-\d\d-\d\d", released[0])
