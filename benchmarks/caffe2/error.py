"""Errors of Caffe2's Mish and MishGradient, and of mish's, against the exact values.

Reads what Caffe2 1.10.2 computed (tests/caffe2/data/values.npz) and prints a Markdown table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import mish
from mish import reference
from mish.ulp import error

VALUES = Path(__file__).resolve().parents[2] / "tests" / "caffe2" / "data" / "values.npz"
REGIONS = [
    ("−∞", lambda x: x == -np.inf),
    ("below −104", lambda x: np.isfinite(x) & (x < -104)),
    ("−104 to −88", lambda x: (x >= -104) & (x < -88)),
    ("−88 to −16.5", lambda x: (x >= -88) & (x < -16.5)),
    ("−16.5 to −5", lambda x: (x >= -16.5) & (x < -5)),
    ("−5 to 5", lambda x: (x >= -5) & (x <= 5)),
    ("5 to 120", lambda x: (x > 5) & (x <= 120)),
    ("∞", lambda x: x == np.inf),
]


def written(computed: np.ndarray, x: np.ndarray, order: int) -> str:
    """The largest error in ulp; how many results are NaN or of the wrong sign."""
    exact = reference.rounded(x, computed.dtype, order)
    broken = np.isnan(computed)
    if broken.any():
        return "NaN"
    text = f"{error(computed, x, order).max():.2g}"
    wrong = (np.sign(computed) * np.sign(exact) < 0).sum()
    return text + (f"; wrong sign: {wrong} of {len(x)}" if wrong else "")


def main() -> None:
    with np.load(VALUES) as archive:
        data = dict(archive)
    print("| x | Caffe2 Mish | mish | Caffe2 MishGradient | mish |")
    print("|---|---|---|---|---|")
    for dtype in ("float32", "float64"):
        x, y, dx = (data[f"{blob}_{dtype}"] for blob in ("x", "y", "dx"))
        for name, region in REGIONS:
            at = region(x)
            own = mish.mish(x[at]), mish.mish_d1(x[at])
            columns = [
                written(computed, x[at], order)
                for order, pair in enumerate(((y[at], own[0]), (dx[at], own[1])))
                for computed in pair
            ]
            print(f"| {dtype}, {name} | {' | '.join(columns)} |")


if __name__ == "__main__":
    main()
