"""The package's compiled files that are no modules of Python's."""

from __future__ import annotations

import sys
from pathlib import Path


def loadable(folder: Path, name: str) -> Path:
    """The path of a file that ctypes or a framework loads, as it is called on this system."""
    return folder / f"{name}{'.dll' if sys.platform == 'win32' else '.so'}"
