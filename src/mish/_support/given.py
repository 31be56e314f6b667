"""What is told of arrays that are not those wanted."""

from __future__ import annotations

from collections.abc import Sequence


def misfit(missing: Sequence[str], extra: Sequence[str]) -> str:
    """Say what an input lacks and what it has besides; empty if it is as wanted."""
    told = [
        f"{what} {', '.join(names)}"
        for what, names in (("lacks", missing), ("has besides", extra))
        if names
    ]
    return f"the input {' and '.join(told)}" if told else ""
