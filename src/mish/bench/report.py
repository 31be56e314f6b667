"""Results on a terminal, and the figures of a table as text."""

from __future__ import annotations

from mish._measure.peers import COPY
from mish._support.extras import needs
from mish.bench.results import Case, Results, Row

with needs("cli", "mish.bench.report"):
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

HEAD = ("", "ns an element", "±", "× mish", "× copy", "worst ulp", "NaN, ∞")


def table(case: Case) -> Table:
    """Make a table of a case, for a terminal of 80 columns or more."""
    shown = Table(title=case.title, title_justify="left", box=SIMPLE_HEAD)
    shown.add_column(HEAD[0], overflow="fold")
    for name in HEAD[1:]:
        shown.add_column(name, justify="right", no_wrap=True)
    for row in case.rows:
        style = "bold" if row.ours else "dim" if row.peer == COPY else ""
        shown.add_row(*cells(row, case.size), style=style)
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


def cells(row: Row, size: int) -> list[str]:
    """Write a row of a table whose head is ``HEAD``."""
    return [
        row.label,
        digits(row.seconds / size * 1e9),
        digits(row.spread / size * 1e9),
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
