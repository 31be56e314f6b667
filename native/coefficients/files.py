"""The command of every generator here: write the files that it makes, or compare them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


def write(description: str, make: Callable[[], Mapping[Path, str]]) -> int:
    """Write what ``make`` gives; with ``--check`` return 1 and name the files that differ, or 0."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is on disk")
    arguments = parser.parse_args()
    texts = make()
    if not arguments.check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return 0
    others = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    for path in others:
        print(f"{path} is not what {Path(sys.argv[0]).name} makes", file=sys.stderr)
    return 1 if others else 0
