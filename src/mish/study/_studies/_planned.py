"""How many pairs each setting has: data, ``planned.json``, which `studies/plan.py` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mish.study._cells import Settings, canonical

FILE = Path(__file__).with_name("planned.json")


def planned(study: str, settings: Settings, otherwise: int) -> int:
    """Give the pairs of a setting, or `otherwise` if the plan does not know it."""
    return _pairs().get((study, canonical(settings)), otherwise)


@cache
def _pairs() -> Mapping[tuple[str, str], int]:
    plan = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        (study, canonical(each["settings"])): each["pairs"]
        for study, settings in plan.items()
        for each in settings
    }
