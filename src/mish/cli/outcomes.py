"""Prints what became of the models that ``mish optimize`` was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from mish.cli.console import (
    EXIT_NOTHING,
    EXIT_REFUSED,
    EXIT_USAGE,
    err,
    fail,
    out,
    print_json,
)
from mish.cli.tables import print_table

if TYPE_CHECKING:
    from mish.onnx import Report, Site
    from mish.onnx._optimize_file import Outcome, Settings

_BAD = {"failed": EXIT_USAGE, "refused": EXIT_REFUSED}  # and the exit codes that they deserve


def tell(
    outcomes: list[Outcome], settings: Settings, many: bool, verbose: bool, as_json: bool
) -> None:
    """Print what happened and leave with the exit code that it deserves."""
    bad = [outcome for outcome in outcomes if outcome.status in _BAD]
    summary = f"{len(bad)} of {len(outcomes)} models were not written"
    if as_json:
        facts = [_facts(outcome, settings) for outcome in outcomes]
        print_json(({"models": facts} | ({"error": summary} if bad else {})) if many else facts[0])
    else:
        for outcome in outcomes:
            if outcome.status != "nothing":
                _print(outcome, verbose)
            elif many:
                _line(outcome.message)
    if bad and many:
        for outcome in bad:
            err.print(f"{outcome.source}: {outcome.message}", markup=False, soft_wrap=True)
        fail(summary, max(_BAD[outcome.status] for outcome in bad))
    if bad:
        fail(bad[0].message, _BAD[bad[0].status])
    if all(outcome.report is None or not outcome.report.changed for outcome in outcomes):
        if not many and outcomes[0].message:
            err.print(outcomes[0].message, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(EXIT_NOTHING)


def _print(outcome: Outcome, verbose: bool) -> None:
    report, comparison = outcome.report, outcome.comparison
    if report is None:
        return
    table = Table(title=outcome.source.name, show_header=False)
    table.add_row("Mish found", str(len(report.rewritten) + len(report.skipped)))
    for spelling in sorted({site.spelling for site in report.rewritten}):
        count = sum(site.spelling == spelling for site in report.rewritten)
        table.add_row(f"rewritten from {spelling}", str(count))
    left: dict[str, list[str]] = {}
    for site, reason in report.skipped:
        left.setdefault(reason, []).append(site.output)
    for reason, (first, *others) in left.items():
        table.add_row(f"left, {first}" + (f" and {len(others)} more" if others else ""), reason)
    if report.quantized:
        table.add_row("left, quantised inside", str(len(report.quantized)))
    if report.opset[0] != report.opset[1]:
        table.add_row("opset", f"{report.opset[0]}, now {report.opset[1]}")
    if comparison is not None:
        table.add_row("largest absolute difference", f"{comparison.max_absolute:.2e}")
        table.add_row("largest relative difference", f"{comparison.max_relative:.2e}")
        table.add_row("threads", str(comparison.threads))
        table.add_row("time before", f"{comparison.seconds_before * 1e3:.3f} ms")
        table.add_row("time after", f"{comparison.seconds_after * 1e3:.3f} ms")
        table.add_row("times faster", f"{comparison.ratio:.2f}")
    print_table(table)
    for note in _notes(outcome):
        _line(note)
    if verbose or outcome.status == "found":
        _print_sites(report)
    if outcome.status == "written":
        kept = f"; the old model is {outcome.backup}" if outcome.backup else ""
        _line(f"wrote {outcome.target}{kept}")
        if outcome.warning:
            _line(f"note: {outcome.warning}")
        if report.form == "native":
            _line(
                "a session runs the kernel after mish.onnx.register(session_options), else the "
                "model's own function"
            )
        if report.advice is not None:
            _line(report.advice)


def _line(text: str) -> None:
    """Print a line of plain text, however long."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _notes(outcome: Outcome) -> Iterator[str]:
    """What to know beside the figures: one line for each matter."""
    report, comparison = outcome.report, outcome.comparison
    if report is None:
        return
    if report.named:
        yield f"taken for Mish by name alone: {', '.join(report.named)}"
    if comparison is not None:
        yield comparison.basis
        if report.reference is not None:
            yield (
                "ONNX Runtime does not know what was taken by name, so the old model ran with "
                "Softplus, Tanh, Mul there: the comparison tells nothing of that operator"
            )
    for operator in report.untaken:
        yield (
            f"there is an operator {operator}, which is taken for Mish only with "
            f"--operator {operator}"
        )
    yield from report.warnings


def _print_sites(report: Report) -> None:
    """A line for each site: where it is, what it was, what it is now or why not."""
    lines: list[tuple[Site, str]] = [(site, report.form) for site in report.rewritten]
    lines += [(site, f"left: {reason}") for site, reason in report.skipped]
    lines += [(site, "left: it is quantised between its parts") for site in report.quantized]
    for site, now in lines:
        where = f"{site.graph}: " if site.graph else ""
        named = f"{site.node}: " if site.node else ""
        scaled = "" if site.scale == 1 else f" of scale {site.scale:g}"
        text = f"{where}{named}{site.input} -> {site.output}: {site.spelling}{scaled} -> {now}"
        _line(text)


def _facts(outcome: Outcome, settings: Settings) -> dict[str, object]:
    report, comparison = outcome.report, outcome.comparison
    written = outcome.status == "written"
    facts: dict[str, object] = {
        "input": str(outcome.source),
        "output": str(outcome.target) if written else None,
        "status": outcome.status,
    }
    if outcome.message:
        facts["error" if outcome.status in _BAD else "message"] = outcome.message
    if outcome.warning:
        facts["warning"] = outcome.warning
    if outcome.backup:
        facts["backup"] = str(outcome.backup)
    if report is not None:
        facts |= {
            "form": report.form,
            "opset_before": report.opset[0],
            "opset_after": report.opset[1],
            "found": len(report.rewritten) + len(report.skipped),
            "rewritten": [_site(site) for site in report.rewritten],
            "skipped": [_site(site) | {"reason": reason} for site, reason in report.skipped],
            "quantized_inside": [_site(site) for site in report.quantized],
            "advice": report.advice,
        }
    if report is not None:
        facts |= {
            "named": list(report.named),
            "untaken": list(report.untaken),
            "warnings": list(report.warnings),
        }
    if comparison is not None:
        facts |= {
            "compared": comparison.basis,
            "agree": comparison.agree,
            "max_absolute_difference": comparison.max_absolute,
            "max_relative_difference": comparison.max_relative,
            "threads": comparison.threads,
            "seconds_before": comparison.seconds_before,
            "seconds_after": comparison.seconds_after,
            "ratio": comparison.ratio,
            "atol": settings.atol,
            "rtol": settings.rtol,
        }
        if comparison.rounding is not None:
            facts["rounding"] = {
                "max_relative_difference_in_float32": comparison.rounding.max_relative,
                "error_before": comparison.rounding.error_before,
                "error_after": comparison.rounding.error_after,
            }
    return facts


def _site(site: Site) -> dict[str, str | float]:
    return {
        "graph": site.graph,
        "node": site.node,
        "spelling": site.spelling,
        "input": site.input,
        "output": site.output,
        "scale": site.scale,
    }
