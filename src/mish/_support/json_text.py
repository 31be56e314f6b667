"""Plain data as JSON text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence


def json_text(data: object, indent: int | None) -> str:
    """Write plain data as JSON, which has no NaN and no infinity: both become ``null``."""
    return json.dumps(_finite(data), indent=indent, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return value
