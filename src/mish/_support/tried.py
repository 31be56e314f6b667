"""Which versions of other packages the tests have passed with, as the matrix found (noxfile.py)."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any


@functools.cache
def tried() -> dict[str, list[str]]:
    """The versions with which all tests passed, from the oldest to the newest, by title."""
    text = Path(__file__).with_name("tried.json").read_text(encoding="utf-8")
    cells: list[dict[str, Any]] = json.loads(text)
    found: dict[str, list[str]] = {}
    for cell in cells:
        if not cell["failed"]:
            found.setdefault(cell["of"], []).append(cell["version"])
    return {of: sorted(versions, key=_numbers) for of, versions in found.items()}


def span(title: str) -> str:
    """The oldest and the newest of them, in words."""
    versions = tried().get(title, [])
    ends = dict.fromkeys([*versions[:1], *versions[-1:]])
    return " to ".join(ends) or "none"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
