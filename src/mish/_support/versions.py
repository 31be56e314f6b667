"""Packages that are too old: whoever has one is told which version is needed."""

from __future__ import annotations

import re


def require(what: str, package: str, installed: str, oldest: str, title: str | None = None) -> None:
    """Refuse a package that is older than its oldest version with what is needed.

    Args:
        what: who needs it, as the message says it: ``"mish.keras"``.
        package: its name, as pip knows it.
        installed: the version that is there.
        oldest: the oldest version that will do, of numbers and dots alone.
        title: its name in the message, if that is another.

    Raises:
        ImportError: it is older.
    """
    if _numbers(installed) < _numbers(oldest):
        raise ImportError(
            f"{what} needs {title or package} {oldest} or newer, and {installed} is installed: "
            f"pip install '{package}>={oldest}'"
        )


def _numbers(version: str) -> tuple[int, ...]:
    """The release that a version begins with."""
    release = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, release[0].split("."))) if release else ()
