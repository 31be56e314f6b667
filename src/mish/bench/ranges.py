"""What several machines found, in one short table."""

from __future__ import annotations

from collections.abc import Sequence

from mish._measure.peers import MISH
from mish.bench.full_run import SIZE
from mish.bench.page import SUMMARY
from mish.bench.report import digits
from mish.bench.results import Results

_NAMES = {"backward": "backward", "d2": "second derivative", "forward": "forward"}


def ranges(machines: Sequence[Results], peers: Sequence[str]) -> str:
    """Make a table in Markdown of the least and the largest ratio to mish over some machines.

    Args:
        machines: what was found on each.
        peers: whom to show, by name, one row for each.
    """
    rows = ["|  | " + " | ".join(f"{_NAMES[op]}, {dtype}" for op, dtype in SUMMARY) + " |"]
    rows.append("| --- |" + " --: |" * len(SUMMARY))
    own = [_range([each * 1e9 / SIZE for each in _found(machines, MISH, *key)]) for key in SUMMARY]
    rows.append("| **mish**, ns an element | " + " | ".join(own) + " |")
    for peer in peers:
        cells = [_range(_found(machines, peer, *key), "×") for key in SUMMARY]
        rows.append(f"| {_label(machines, peer)} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _found(machines: Sequence[Results], peer: str, op: str, dtype: str) -> list[float]:
    """The ratios of a peer, or the seconds of mish itself."""
    cases = [case for each in machines if (case := each.case(op, dtype, SIZE))]
    rows = [row for case in cases for row in case.rows if row.peer == peer]
    return [row.seconds if peer == MISH else row.ratio for row in rows]


def _label(machines: Sequence[Results], peer: str) -> str:
    rows = (row for each in machines for case in each.cases for row in case.rows)
    return next(f"**{row.label}**" if row.ours else row.label for row in rows if row.peer == peer)


def _range(values: Sequence[float], unit: str = "") -> str:
    ends = [digits(value) for value in (min(values), max(values))] if values else []
    return " to ".join(dict.fromkeys(ends)) + (unit if ends else "")
