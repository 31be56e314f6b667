"""Prints what became of the models that ``mish optimize`` was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from mish.cli.console import EXIT_REFUSED, EXIT_USAGE, err, fail, out, print_json

if TYPE_CHECKING:
    from mish.onnx import Report, Site
    from mish.onnx.job import Outcome, Settings


def tell(
    outcomes: list[Outcome], settings: Settings, many: bool, verbose: bool, as_json: bool
) -> None:
    """Print what happened and leave with the exit code that it deserves."""
    if as_json:
        facts = [_facts(outcome, settings) for outcome in outcomes]
        if many:
            print_json({"models": facts})
        elif outcomes[0].report is not None and outcomes[0].status != "nothing":
            print_json(facts[0])
    else:
        for outcome in outcomes:
            if outcome.status != "nothing":
                _print(outcome, verbose)
            elif many:
                out.print(outcome.message, markup=False, highlight=False, soft_wrap=True)
    codes = {"failed": EXIT_USAGE, "refused": EXIT_REFUSED, "nothing": 0 if many else EXIT_USAGE}
    bad = [outcome for outcome in outcomes if codes.get(outcome.status)]
    if bad and many:
        for outcome in bad:
            err.print(f"{outcome.source}: {outcome.message}", markup=False, soft_wrap=True)
        fail(
            f"{len(bad)} of {len(outcomes)} models were not written",
            max(codes[outcome.status] for outcome in bad),
        )
    if bad:
        fail(bad[0].message, codes[bad[0].status])


def _print(outcome: Outcome, verbose: bool) -> None:
    report, comparison = outcome.report, outcome.comparison
    if report is None:
        return
    table = Table(title=outcome.source.name, show_header=False)
    table.add_row("Mish found", str(len(report.rewritten) + len(report.skipped)))
    for spelling in sorted({site.spelling for site in report.rewritten}):
        count = sum(site.spelling == spelling for site in report.rewritten)
        table.add_row(f"rewritten from {spelling}", str(count))
    for site, reason in report.skipped:
        table.add_row(f"left, {site.output}", reason)
    if report.opset[0] != report.opset[1]:
        table.add_row("opset", f"{report.opset[0]}, now {report.opset[1]}")
    if comparison is not None:
        table.add_row("largest absolute difference", f"{comparison.max_absolute:.2e}")
        table.add_row("largest relative difference", f"{comparison.max_relative:.2e}")
        table.add_row("threads", str(comparison.threads))
        table.add_row("time before", f"{comparison.seconds_before * 1e3:.3f} ms")
        table.add_row("time after", f"{comparison.seconds_after * 1e3:.3f} ms")
        table.add_row("times faster", f"{comparison.ratio:.2f}")
    out.print(table)
    if verbose or outcome.status == "found":
        _print_sites(report)
    if outcome.status == "written":
        kept = f"; the old model is {outcome.backup}" if outcome.backup else ""
        out.print(f"wrote {outcome.target}{kept}", markup=False, highlight=False, soft_wrap=True)
        if outcome.warning:
            out.print(f"note: {outcome.warning}", markup=False, highlight=False, soft_wrap=True)
        if report.form == "native":
            out.print(
                "a session runs the kernel after mish.onnx.register(session_options), else the "
                "model's own function",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


def _print_sites(report: Report) -> None:
    """A line for each site: where it is, what it was, what it is now or why not."""
    lines: list[tuple[Site, str]] = [(site, report.form) for site in report.rewritten]
    lines += [(site, f"left: {reason}") for site, reason in report.skipped]
    for site, now in lines:
        where = f"{site.graph}: " if site.graph else ""
        named = f"{site.node}: " if site.node else ""
        text = f"{where}{named}{site.input} -> {site.output}: {site.spelling} -> {now}"
        out.print(text, markup=False, highlight=False, soft_wrap=True)


def _facts(outcome: Outcome, settings: Settings) -> dict[str, object]:
    report, comparison = outcome.report, outcome.comparison
    written = outcome.status == "written"
    facts: dict[str, object] = {
        "input": str(outcome.source),
        "output": str(outcome.target) if written else None,
        "status": outcome.status,
    }
    if outcome.message:
        facts["message"] = outcome.message
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
        }
    if comparison is not None:
        facts |= {
            "max_absolute_difference": comparison.max_absolute,
            "max_relative_difference": comparison.max_relative,
            "threads": comparison.threads,
            "seconds_before": comparison.seconds_before,
            "seconds_after": comparison.seconds_after,
            "ratio": comparison.ratio,
            "atol": settings.atol,
            "rtol": settings.rtol,
        }
    return facts


def _site(site: Site) -> dict[str, str]:
    return {
        "graph": site.graph,
        "node": site.node,
        "spelling": site.spelling,
        "input": site.input,
        "output": site.output,
    }
