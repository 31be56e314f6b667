"""Hold two full runs of the benchmark against each other: do their ratios agree within the noise?

    python benchmarks/cpu/compare_runs.py FIRST.json SECOND.json

The rule is that of docs/benchmarking.md. Leaves with exit code 1 if too many ratios disagree.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mish.bench.results import Results, Row

# In natural logarithms: what two runs differ by beyond the spread within each.
BETWEEN_RUNS = 0.10
SPREADS = 2.0
SHARE = 0.95


class Pair(NamedTuple):
    """One ratio to mish in both runs, how far apart they are and may be."""

    title: str
    label: str
    first: float
    second: float
    apart: float
    allowed: float


def load(path: Path) -> Results:
    return Results.from_dict(json.loads(path.read_text(encoding="utf-8")))


def relative_spread(row: Row) -> float:
    return row.ratio_spread / row.ratio


def pairs(first: Results, second: Results) -> Iterator[Pair]:
    for case in first.cases:
        again = second.case(case.op, case.dtype, case.size, case.threads, case.sigma, case.result)
        rows = {(row.peer, row.result): row for row in again.rows} if again else {}
        for row in case.rows:
            other = rows.get((row.peer, row.result))
            if other is None or row.peer == "mish":
                continue
            apart = abs(math.log(other.ratio / row.ratio))
            allowed = BETWEEN_RUNS + SPREADS * (relative_spread(row) + relative_spread(other))
            yield Pair(case.title, row.label, row.ratio, other.ratio, apart, allowed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    arguments = parser.parse_args()
    found = list(pairs(load(arguments.first), load(arguments.second)))
    apart = sorted(pair.apart for pair in found)
    outside = sorted((p for p in found if p.apart > p.allowed), key=lambda p: -p.apart)
    agree = 1 - len(outside) / len(found)
    print(f"{len(found)} ratios; {agree:.1%} agree within the noise")
    for share in (0.5, 0.9, 0.99):
        print(f"{share:.0%} differ by at most {math.expm1(apart[int(share * len(apart))]):.1%}")
    for pair in outside:
        print(f"outside: {pair.title}: {pair.label}: {pair.first:.2f}, {pair.second:.2f}")
    raise SystemExit(agree < SHARE)


if __name__ == "__main__":
    main()
