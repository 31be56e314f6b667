"""Print the places of the functions that src/mish/onnx/_runtime_api.h names, from the real header.

Usage: python benchmarks/onnx/onnxruntime_api.py PATH/onnxruntime_c_api.h

The header comes with ONNX Runtime's C and C++ releases. A place is counted in pointers from the
start of OrtApi, which only ever grows, so any release from 1.18 on gives the same. Exit code 1 if
a place differs from the one in _runtime_api.h.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OURS = Path(__file__).resolve().parents[2] / "src" / "mish" / "onnx" / "_runtime_api.h"


def members(header: str) -> list[str]:
    """The names of OrtApi's members in order."""
    body = re.search(r"^struct OrtApi \{(.*?)^\};", header, re.MULTILINE | re.DOTALL)
    if body is None:
        raise SystemExit("error: there is no struct OrtApi in the header")
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", body.group(1), flags=re.DOTALL)
    found = re.findall(
        r"ORT_API2_STATUS\(\s*(\w+)|ORT_CLASS_RELEASE2?\(\s*(\w+)|\(\s*ORT_API_CALL\s*\*\s*(\w+)\s*\)",
        text,
    )
    return [
        plain or (f"Release{released}" if released else other) for plain, released, other in found
    ]


def main() -> None:
    """Compare and print."""
    places = {name: place for place, name in enumerate(members(Path(sys.argv[1]).read_text()))}
    ours = re.findall(r",\s*(\d+)>\s*(\w+);", OURS.read_text())
    wrong = [name for place, name in ours if places.get(name) != int(place)]
    for place, name in ours:
        print(f"{name}: {places.get(name)}{' WRONG' if name in wrong else ''}")
        if name in wrong:
            print(f"    _runtime_api.h says {place}")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
