"""The documentation names every operator."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from mish.caffe2 import core, workspace
from mish.caffe2._contract import registry

PAGE = Path(__file__).parents[2] / "docs" / "caffe2.md"
STARTUP = "mish.caffe2._startup"


@pytest.mark.parametrize("module", ["core", "workspace"])
def test_the_lists_of_names_are_complete(module):
    text = PAGE.read_text(encoding="utf-8")
    (listed,) = re.findall(rf"^- `{module}`: (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    names = set(re.findall(r"`(\w+)`", listed))
    code = importlib.import_module(f"mish.caffe2.{module}")
    assert all(hasattr(code, name) for name in names)
    own = set(getattr(code, "__all__", ())) or {
        name
        for name, value in vars(code).items()
        if name[0].isupper() and getattr(value, "__module__", "") in (code.__name__, STARTUP)
    }
    assert own - {"NumGpuDevices"} <= names
    outside = text.partition("What there is not:")[2].partition("\n\n")[0]
    for name in re.findall(r"`(?:core|workspace)\.(\w+)`", outside):
        assert not hasattr(core, name) and not hasattr(workspace, name)


def test_the_table_of_operators_is_complete():
    text = PAGE.read_text(encoding="utf-8").partition("## Operators")[2].partition("## ")[0]
    table = {
        name for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE) for name in row.split(", ")
    }
    forward = {name for name in registry.OPERATORS if "Gradient" not in name}
    named = {name for name in forward if name in table or name.startswith("GivenTensor")}
    assert named == forward
    assert "MishGradient" in table
