"""The command of every generator here: write the files that it makes, or compare them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path


def write(description: str, make: Callable[[], Mapping[Path, str]]) -> int:
    """Write what ``make`` gives; with ``--check`` return 1 if a file on disk differs, else 0."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is on disk")
    arguments = parser.parse_args()
    texts = make()
    if arguments.check:
        same = (path.read_text(encoding="utf-8") == text for path, text in texts.items())
        return 0 if all(same) else 1
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return 0
