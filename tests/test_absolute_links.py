"""README.md as a package index shows it: its links lead into the repository."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tools" / "absolute_links.py"
ADDRESS = "https://example.org/somebody/mish"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("absolute_links", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_link_of_the_readme_is_absolute(tool, tmp_path):
    out = tmp_path / "README.md"
    tool.main(ADDRESS, "v0.1.0", str(ROOT / "README.md"), str(out))
    text = out.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert len(targets) > 30
    assert all(re.match(r"https?://|#", target) for target in targets)
    assert f"]({ADDRESS}/raw/v0.1.0/docs/images/errors.svg)" in text
    assert f"[docs/cost.md]({ADDRESS}/blob/v0.1.0/docs/cost.md)" in text
    assert "[below](#speed)" in text
    assert re.sub(rf"{ADDRESS}/(blob|raw)/v0\.1\.0/", "", text) == (ROOT / "README.md").read_text(
        encoding="utf-8"
    )


def test_a_link_that_leads_nowhere_is_named(tool):
    with pytest.raises(FileNotFoundError, match=r"docs/no\.md"):
        tool.absolute("[a](docs/no.md#part)", ADDRESS, "v1", ROOT)


def test_other_addresses_stay(tool):
    text = "[a](https://example.org/b) [c](mailto:d@example.org) [e](#f)"
    assert tool.absolute(text, ADDRESS, "v1", ROOT) == text
