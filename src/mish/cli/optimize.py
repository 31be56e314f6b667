"""``mish optimize``: rewrite the Mish of a model, compare the two, and write the new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mish.cli.console import EXIT_REFUSED, EXIT_USAGE, fail, out, print_json, require_writable

if TYPE_CHECKING:
    from mish.onnx import Comparison, Report


def optimize(
    *,
    source: Annotated[Path, typer.Argument(metavar="IN.onnx", help="The model to read.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT.onnx", help="The model to write.")
    ],
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--input", metavar="FILE.npz", help="Inputs to compare on, by name; else made up."
        ),
    ] = None,
    atol: Annotated[float, typer.Option(min=0, help="Absolute tolerance of the outputs.")] = 1e-10,
    rtol: Annotated[float, typer.Option(min=0, help="Relative tolerance of the outputs.")] = 1e-3,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Threads of each run.",
            show_default="the cores that this process may use",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Rewrite every Mish of a model to the form that runs fastest in ONNX Runtime on CPU.

    Runs both models on the same inputs and writes nothing (exit code 1) if any element of an
    output differs by more than atol + rtol * size, where size is the element's, or a hundredth
    of the largest element's if that is more. An existing OUT.onnx is replaced.
    """
    try:
        import onnxruntime  # type: ignore[import-untyped]  # noqa: F401

        from mish import onnx as mish_onnx
        from mish.onnx import inputs as model_inputs
    except ModuleNotFoundError as error:
        if error.name not in {"onnx", "onnxruntime"}:
            raise
        fail("mish optimize needs the 'onnx' extra: pip install 'mish[onnx]'", EXIT_USAGE)
    _require_target(source, output)
    try:
        arrays = None if inputs is None else model_inputs.load(inputs)
        report = mish_onnx.optimize(source)
        if not report.rewritten:
            fail(_nothing(source, report), EXIT_USAGE)
        comparison = mish_onnx.verify(
            source,
            report.model,
            arrays,
            atol=atol,
            rtol=rtol,
            folder=source.parent,
            threads=threads,
        )
        if comparison.agree:
            report.save(output)
    except mish_onnx.ModelError as error:
        fail(str(error), EXIT_USAGE)
    if as_json:
        paths = {"input": str(source), "output": str(output) if comparison.agree else None}
        print_json(paths | _facts(report, comparison) | {"atol": atol, "rtol": rtol})
    else:
        _print_table(source, report, comparison)
    if not comparison.agree:
        fail(
            f"the outputs differ by more than --atol {atol:g} and --rtol {rtol:g}; "
            f"{output} was not written",
            EXIT_REFUSED,
        )
    if not as_json:
        out.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)


def _require_target(source: Path, output: Path) -> None:
    """Fail now rather than after the work if the output cannot be written."""
    if source.exists() and output.exists() and output.samefile(source):
        fail(f"{output} is the input itself; give another --output", EXIT_USAGE)
    require_writable(output)


def _nothing(source: Path, report: Report) -> str:
    if not report.skipped:
        return f"there is no Mish in {source}; nothing was written"
    site, reason = report.skipped[0]
    return (
        f"none of the {len(report.skipped)} Mish in {source} can be rewritten; the one that "
        f"makes {site.output}: {reason}. Nothing was written"
    )


def _print_table(source: Path, report: Report, comparison: Comparison) -> None:
    table = Table(title=source.name, show_header=False)
    found = len(report.rewritten) + len(report.skipped)
    table.add_row("Mish found", str(found))
    for spelling in sorted({site.spelling for site in report.rewritten}):
        count = sum(site.spelling == spelling for site in report.rewritten)
        table.add_row(f"rewritten from {spelling}", str(count))
    for site, reason in report.skipped:
        table.add_row(f"left, {site.output}", reason)
    table.add_row("largest absolute difference", f"{comparison.max_absolute:.2e}")
    table.add_row("largest relative difference", f"{comparison.max_relative:.2e}")
    table.add_row("threads", str(comparison.threads))
    table.add_row("time before", f"{comparison.seconds_before * 1e3:.3f} ms")
    table.add_row("time after", f"{comparison.seconds_after * 1e3:.3f} ms")
    table.add_row("times faster", f"{comparison.ratio:.2f}")
    out.print(table)


def _facts(report: Report, comparison: Comparison) -> dict[str, object]:
    return {
        "form": report.form,
        "found": len(report.rewritten) + len(report.skipped),
        "rewritten": [
            {"spelling": site.spelling, "input": site.input, "output": site.output}
            for site in report.rewritten
        ],
        "skipped": [
            {"spelling": site.spelling, "output": site.output, "reason": reason}
            for site, reason in report.skipped
        ],
        "max_absolute_difference": comparison.max_absolute,
        "max_relative_difference": comparison.max_relative,
        "threads": comparison.threads,
        "seconds_before": comparison.seconds_before,
        "seconds_after": comparison.seconds_after,
        "ratio": comparison.ratio,
    }
