"""Results on a terminal, and the figures of a table as text."""

from __future__ import annotations

from mish._measure.peers import COPY
from mish._support.extras import needs
from mish.bench.results import Case, Results, Row

with needs("cli", "mish.bench.report"):
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

# What a ratio is, in one sentence for wherever ratios stand.
RATIOS = (
    "A ratio (×) is the median of the ratios within each round, which a machine that slows down and"
    " speeds up again leaves alone; so it is not quite the ratio of the two median times."
)

HEAD = ("", "ns an element", "±", "× mish", "× copy", "worst ulp", "NaN, ∞")


def table(case: Case) -> Table:
    """Make a table of a case, for a terminal of 80 columns or more."""
    shown = Table(title=case.title, title_justify="left", box=SIMPLE_HEAD)
    shown.add_column(HEAD[0], overflow="fold")
    for name in HEAD[1:]:
        shown.add_column(name, justify="right", no_wrap=True)
    for row in case.rows:
        style = "bold" if row.ours else "dim" if row.peer == COPY else ""
        shown.add_row(*cells(row, case), style=style)
    return shown


def notes(results: Results) -> list[str]:
    """Say who is missing and whose attempt failed."""
    lines = [f"missing: {each.label} ({each.reason})" for each in results.missing]
    for case in results.cases:
        failed = [each for each in case.absent if each.failed]
        lines += [f"{case.title}: {each.label} {each.reason}" for each in failed]
    laps = [case.interrupted for case in results.cases]
    if laps:
        lines.append(f"{sum(laps) / len(laps):.0%} of the laps were interrupted by other work")
    return lines


def lacking(case: Case) -> str:
    """Say who does not offer this case; empty if everybody does."""
    labels = [each.label for each in case.absent if not each.failed]
    return f"Not offered by {', '.join(labels)}." if labels else ""


def beaten(results: Results) -> list[str]:
    """Say which of ours take longer than a peer, where, and how many times as long."""
    found: dict[tuple[str, str], list[str]] = {}
    for case in results.cases:
        for row in (row for row in case.rows if row.ours):
            peers = [
                each
                for each in case.rows
                if not each.ours and each.peer != COPY
                if each.result == row.result or case.result != "both"
            ]
            best = min(peers, key=lambda each: each.ratio, default=None)
            if best and row.ratio > best.ratio:
                times = digits(row.ratio / best.ratio)
                found.setdefault((row.label, best.label), []).append(f"{case.title} ({times}×)")
    return [f"{ours} is slower than {peer}: {'; '.join(at)}" for (ours, peer), at in found.items()]


def cells(row: Row, case: Case) -> list[str]:
    """Write a row of a table whose head is ``HEAD``."""
    return [
        case.label(row),
        digits(row.seconds / case.size * 1e9),
        digits(row.spread / case.size * 1e9),
        digits(row.ratio),
        digits(row.copies),
        "" if row.worst is None else _ulp(row.worst),
        "" if row.specials is None else str(row.specials),
    ]


def digits(value: float) -> str:
    """Write a time or a ratio with three figures."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.095 else f"{value:.3f}"


def _ulp(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}" if value < 1e5 else f"{value:.0e}"
