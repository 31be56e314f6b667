"""How much of the peaks of memory.py are holes that the C library's allocator keeps.

Usage: python benchmarks/memory/peaks.py [RESULT.md]
       (default: benchmarks/results/memory-peaks.md)

Needs what memory.py needs, and glibc.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from costs import WITHOUT_HOLES, peak
from memory import name_of, table
from models import CASES
from ways import INPUT, LEAN, RELU


def peaks() -> str:
    head = ["network", "", "peak, MB", "without holes, MB"]
    rows = []
    for name in CASES:
        for way in (RELU, INPUT, LEAN):
            found = [peak(name, way, settings) / 1e6 for settings in (None, WITHOUT_HOLES)]
            rows.append([name, name_of(way), *(f"{size:.0f}" for size in found)])
            print(rows[-1], flush=True)
    return table(head, rows)


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory-peaks.md"
    parser = argparse.ArgumentParser(description="Measure peaks of memory, also without holes.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    options = parser.parse_args()
    (setting,) = (f"{name}={value}" for name, value in WITHOUT_HOLES.items())
    text = f"""# Peaks of memory, and holes

Made by `benchmarks/memory/peaks.py`: by how much a new process grows at the most in its first
training step, as in [memory.md](memory.md); and the same with `{setting}`, with which glibc
gives each larger block back at once and keeps no holes.

{peaks()}
"""
    options.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
