"""README's table: each peer's time over mish's, from the least to the largest over all machines.

    python benchmarks/cpu/ranges.py

It reads what `make bench` wrote on each into benchmarks/results.
"""

from __future__ import annotations

import json
from pathlib import Path

from mish.bench.ranges import ranges
from mish.bench.results import Results

FOLDER = Path(__file__).parents[1] / "results"
PEERS = (
    "mish-torch",
    "openvino",
    "jax",
    "torch",
    "onnxruntime",
    "numpy",
    "thinc",
)


def table() -> str:
    texts = (path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.json")))
    full = [json.loads(text) for text in texts if '"import_time"' in text]
    return ranges([Results.from_dict(each) for each in full], PEERS)


if __name__ == "__main__":
    print(table())
