"""Makes a model file out of another: reads, rewrites, compares, and writes if all is well."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from mish._drafts import clean, destination
from mish._files import is_stream, replacing
from mish.onnx.files import ModelError
from mish.onnx.optimize import Report, optimize
from mish.onnx.verify import Comparison, verify

Status = Literal["written", "found", "nothing", "refused", "failed"]


@dataclass(frozen=True)
class Settings:
    """How to do a job.

    Attributes:
        form: The form to write.
        opset: The version of the standard operators to raise models to, if any.
        dry: Whether to stop before anything is compared or written.
        verify: Whether to run both models and write only if they agree.
        inputs: What to run them on, by name; made up if None.
        atol: Absolute tolerance of the outputs.
        rtol: Relative tolerance of the outputs.
        threads: Threads of a run; None for the cores that the process may use.
    """

    form: str = "sigmoid"
    opset: int | None = None
    dry: bool = False
    verify: bool = True
    inputs: Mapping[str, npt.NDArray[np.generic]] | None = None
    atol: float = 1e-10
    rtol: float = 1e-3
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How a job went.

    Attributes:
        source: The model that was read.
        target: Where the new one was to go.
        status: ``written``; ``found``, for a dry run; ``nothing`` to rewrite; ``refused``, for
            the outputs differ; ``failed``, with the reason in ``message``.
        report: What was rewritten, unless it failed.
        comparison: How the models compare, if they were run.
        message: Why nothing was written, if so.
        backup: Where the old model is kept, if it was replaced.
    """

    source: Path
    target: Path | None
    status: Status
    report: Report | None = None
    comparison: Comparison | None = None
    message: str = ""
    backup: Path | None = None


def run(
    source: Path,
    target: Path | None,
    settings: Settings,
    step: Callable[[str], None] = lambda what: None,
) -> Outcome:
    """Rewrite one model file.

    Args:
        source: The model to read.
        target: Where to write; None for a dry run. If it is the source, that is kept under its
            name with ``.bak`` added.
        settings: How.
        step: Called with a word or two before each step.
    """
    try:
        step("rewriting")
        report = optimize(source, settings.form, opset=settings.opset)
        if settings.dry or target is None:
            return Outcome(source, target, "found", report)
        if not report.rewritten:
            _tidy(target)
            return Outcome(source, target, "nothing", report, message=_nothing(source, report))
        comparison = None
        if settings.verify:
            step("comparing")
            comparison = verify(
                source,
                report.model,
                settings.inputs,
                atol=settings.atol,
                rtol=settings.rtol,
                folder=source.parent,
                threads=settings.threads,
            )
            if not comparison.agree:
                message = (
                    f"the outputs differ by more than --atol {settings.atol:g} and --rtol "
                    f"{settings.rtol:g}; {target} was not written"
                )
                return Outcome(source, target, "refused", report, comparison, message)
        step("writing")
        backup = None
        if target == source:
            backup = _replace(source, report)
        else:
            report.save(target)
        return Outcome(source, target, "written", report, comparison, backup=backup)
    except ModelError as error:
        return Outcome(source, target, "failed", message=str(error))


def _tidy(target: Path) -> None:
    """Remove what a killed run left beside a target that is not written now."""
    if not is_stream(target):
        clean(destination(target).parent)


def _nothing(source: Path, report: Report) -> str:
    if not report.skipped:
        return f"there is no Mish in {source}; nothing was written"
    site, reason = report.skipped[0]
    return (
        f"none of the {len(report.skipped)} Mish in {source} was rewritten; the one that "
        f"makes {site.output}: {reason}. Nothing was written"
    )


def _replace(source: Path, report: Report) -> Path:
    """Write the new model in the place of the old one, which is kept as the backup.

    The two share their weights, so nothing that the backup refers to changes. The backup of a
    link is a link too: to the copy beside what the first one leads to, where its weights may be.
    """
    backup, copy = (path.with_name(path.name + ".bak") for path in (source, destination(source)))
    missing = [path for path in dict.fromkeys((copy, backup)) if not os.path.lexists(path)]
    for path in {copy, backup}.difference(missing):
        # the very same file is from a run that was killed before it wrote the new model
        if not (path.is_file() and _are_alike(source, path)):
            raise ModelError(f"the backup {path} exists already; move it away")
    try:
        _keep(source, copy, backup)
        report.save(source)
    except BaseException:
        if copy.exists() and _are_alike(source, copy):  # it was not replaced
            for path in missing:
                path.unlink(missing_ok=True)
        raise
    return backup


def _are_alike(one: Path, other: Path) -> bool:
    filecmp.clear_cache()  # it goes by sizes and times, which two models may share
    return filecmp.cmp(one, other, shallow=False)


def _keep(source: Path, copy: Path, backup: Path) -> None:
    try:
        if not copy.exists():
            with source.open("rb") as old, replacing(copy, twin=source) as new:
                shutil.copyfileobj(old, new)
        if not backup.exists():
            backup.symlink_to(os.path.relpath(copy, backup.parent.resolve()))
    except OSError as error:
        raise ModelError(f"cannot write {backup}: {error.strerror or error}") from error
