"""``mish optimize``: rewrite the Mish of models, compare old and new, and write the new ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from mish._support.extras import needs
from mish._support.targets import TITLES, Advice, require_target
from mish.cli.console import EXIT_USAGE, display, err, fail, require_writable
from mish.cli.outcomes import tell


def optimize(
    *,
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="The model to read, or a directory of models.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="The model or directory to write."),
    ] = None,
    inplace: Annotated[
        bool, typer.Option("--inplace", help="Replace the model; the old one gets the suffix .bak.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the sites and write nothing.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option(
            help="What to write: sigmoid, logistic, op, softplus, native or float16; in a "
            "quantised model also lookup or lookup-gather.",
            show_default="sigmoid",
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="RUNTIME",
            help="Write the form that is right and fast in this runtime, and say why.",
        ),
    ] = None,
    opset: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="The version of ONNX's operators to raise or lower the model to."
        ),
    ] = None,
    operators: Annotated[
        list[str] | None,
        typer.Option(
            "--operator",
            metavar="DOMAIN::NAME",
            help="An operator of another domain to take for Mish; may be given again.",
        ),
    ] = None,
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
    no_verify: Annotated[
        bool,
        typer.Option("--no-verify", help="Write without running the models in ONNX Runtime."),
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Tell of each site.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Rewrite every Mish of a model to the form that a runtime runs fastest.

    Runs both models on the same inputs and writes nothing (exit code 1) if any element of an
    output differs by more than atol + rtol * size, where size is the element's, or a hundredth
    of the largest element's if that is more. Models of half precision are held to that in
    float32, and to the old model's own rounding. Where there is nothing to do, nothing is written
    (exit code 3). An existing OUT is replaced.
    """
    with needs("onnx", "mish optimize"):
        import onnxruntime  # type: ignore[import-untyped]  # noqa: F401

        from mish.onnx import ModelError
        from mish.onnx._compare import inputs as model_inputs
        from mish.onnx._find.named import require_names
        from mish.onnx._model.files import first_line
        from mish.onnx._optimize_file import Outcome, Settings, run
        from mish.onnx._write.optimize import CHOICES, require_form
    newest = None
    if form is not None and runtime is not None:
        fail("give one of --form and --for", EXIT_USAGE)
    if runtime is not None:
        try:
            advice = require_target(runtime).onnx
        except ValueError as error:
            fail(f"--for: {error}", EXIT_USAGE)
        if advice is None:
            fail(
                f"--for: {runtime} takes no ONNX files but {TITLES['torch']}: "
                f"mish.torch.convert_for_export(model, {runtime!r})",
                EXIT_USAGE,
            )
        form = advice.form
        newest = advice.opset
        _tell_advice(runtime, advice)
    for option, tolerance in (("--atol", atol), ("--rtol", rtol)):
        if math.isnan(tolerance):  # which is not below the least that is taken
            fail(f"{option} must be a number from 0 on, not nan", EXIT_USAGE)
    form = form or "sigmoid"
    if form not in CHOICES:
        fail(f"--form must be one of {', '.join(CHOICES)}, not {form!r}", EXIT_USAGE)
    try:
        require_form(form, opset)
        require_names(operators or ())
        arrays = None if inputs is None else model_inputs.load(inputs)
    except (ValueError, ModelError) as error:
        fail(str(error), EXIT_USAGE)
    jobs = _jobs(source, output, inplace, dry_run)
    settings = Settings(
        form=form,
        opset=opset,
        newest=newest,
        operators=tuple(operators or ()),
        dry=dry_run,
        verify=not no_verify,
        inputs=arrays,
        atol=atol,
        rtol=rtol,
        threads=threads,
    )
    outcomes: list[Outcome] = []
    with display(_progress(hidden=as_json)) as progress:
        task = progress.add_task("", total=len(jobs))
        for model, target in jobs:

            def step(what: str, name: str = model.name) -> None:
                progress.update(task, description=f"{what} {name}")

            try:
                outcomes.append(run(model, target, settings, step))
            except Exception as error:  # a fault of ours with one model is not to stop the others
                if not source.is_dir():
                    raise
                told = f"unexpected {type(error).__name__}: {first_line(error)}"
                outcomes.append(Outcome(model, target, "failed", message=told))
            progress.advance(task)
    tell(outcomes, settings, source.is_dir(), verbose, as_json)


def _tell_advice(runtime: str, advice: Advice) -> None:
    """Say what a runtime gets, and why."""
    opset = "any" if advice.opset is None else f"at most {advice.opset}"
    for line in (
        f"{runtime} gets the form {advice.form}: {advice.why}",
        f"opset: {opset}",
        f"precision: {advice.precision}",
    ):
        err.print(line, markup=False, highlight=False, soft_wrap=True)


def _jobs(
    source: Path, output: Path | None, inplace: bool, dry: bool
) -> list[tuple[Path, Path | None]]:
    """What to read and where to write it; fails now rather than after the work."""
    ways = [name for name, given in (("--output", output), ("--inplace", inplace)) if given]
    if len(ways) + dry != 1:
        fail("give one of --output, --inplace and --dry-run", EXIT_USAGE)
    if not source.is_dir():
        target = source if inplace else output
        if target is not None:
            _require_target(source, target, inplace)
        return [(source, target)]
    models = sorted(path for path in source.rglob("*.onnx") if not path.is_dir())
    if not models:
        fail(f"there is no .onnx file in {source}", EXIT_USAGE)
    if output is None:
        return [(path, path if inplace else None) for path in models]
    if output.exists() and (not output.is_dir() or output.samefile(source)):
        fail(f"{output} must be another directory than {source}", EXIT_USAGE)
    jobs: list[tuple[Path, Path | None]] = []
    for path in models:
        target = output / path.relative_to(source)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fail(f"cannot write {target.parent}: {error.strerror}", EXIT_USAGE)
        jobs.append((path, target))
    return jobs


def _require_target(source: Path, output: Path, inplace: bool) -> None:
    if not inplace and source.exists() and output.exists() and output.samefile(source):
        fail(f"{output} is the input itself; give another --output or --inplace", EXIT_USAGE)
    folder = output.parent.resolve()
    if inplace and (folder == Path("/dev") or folder.is_relative_to("/proc")):
        fail(f"{output} stands for another file; give that file's own name", EXIT_USAGE)
    require_writable(output)


def _progress(*, hidden: bool) -> Progress:
    """A bar on standard error while there is work, where somebody sees it."""
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=err, transient=True, disable=hidden or not err.is_terminal)
