"""The documentation names every operator."""

from __future__ import annotations

import re
from pathlib import Path

from mish.caffe2 import registry

PAGE = Path(__file__).parents[2] / "docs" / "caffe2.md"


def test_the_table_of_operators_is_complete():
    text = PAGE.read_text(encoding="utf-8").partition("## Operators")[2].partition("## ")[0]
    table = {
        name for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE) for name in row.split(", ")
    }
    forward = {name for name in registry.OPERATORS if "Gradient" not in name}
    named = {name for name in forward if name in table or name.startswith("GivenTensor")}
    assert named == forward
    assert "MishGradient" in table
