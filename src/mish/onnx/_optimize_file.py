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

from mish._support.drafts import clean, destination
from mish._support.files import is_stream, replacing
from mish.onnx._compare.runtime import RuntimeRefusal
from mish.onnx._compare.verify import Comparison, WorseModel, verify
from mish.onnx._model.files import ModelError
from mish.onnx._write.optimize import Report, optimize

_EVEN = 0.97  # the medians of one model against itself differ by as much

Status = Literal["written", "found", "nothing", "refused", "failed"]


@dataclass(frozen=True)
class Settings:
    """How to rewrite a model.

    Attributes:
        form: The form to write.
        opset: The version of the standard operators that models are to have, if any.
        newest: The newest version that is of use, if any.
        dry: Whether to stop before anything is compared or written.
        verify: Whether to run both models and write only if they agree.
        inputs: What to run them on, by name; made up if None.
        atol: Absolute tolerance of the outputs.
        rtol: Relative tolerance of the outputs.
        threads: Threads of a run; None for the cores that the process may use.
        operators: Operators of others that are Mish, as ``DOMAIN::NAME``.
    """

    form: str = "sigmoid"
    opset: int | None = None
    newest: int | None = None
    dry: bool = False
    verify: bool = True
    inputs: Mapping[str, npt.NDArray[np.generic]] | None = None
    atol: float = 1e-10
    rtol: float = 1e-3
    threads: int | None = None
    operators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How rewriting a model went.

    Attributes:
        source: The model that was read.
        target: Where the new one was to go.
        status: ``written``; ``found``, for a dry run; ``nothing`` to write; ``refused``, for
            the outputs differ; ``failed``, with the reason in ``message``.
        report: What was rewritten, unless it failed.
        comparison: How the models compare, if they were run.
        message: Why nothing was written, if so.
        backup: Where the old model is kept, if it was replaced.
        warning: What speaks against the new model, though it was written: it is slower.
    """

    source: Path
    target: Path | None
    status: Status
    report: Report | None = None
    comparison: Comparison | None = None
    message: str = ""
    backup: Path | None = None
    warning: str = ""


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
        report = optimize(
            source,
            settings.form,
            opset=settings.opset,
            newest=settings.newest,
            operators=settings.operators,
        )
        if settings.dry or target is None:
            return Outcome(source, target, "found", report)
        if not report.changed:
            _tidy(target)
            message = "; ".join((_nothing(source, report), *report.warnings))
            return Outcome(source, target, "nothing", report, message=message)
        comparison = None
        if settings.verify:
            step("comparing")
            comparison = _compare(source, report, settings)
            if not comparison.agree:
                message = f"{_disagreement(comparison, settings)}; {target} was not written"
                return Outcome(source, target, "refused", report, comparison, message)
        step("writing")
        backup = None
        if target == source:
            backup = _replace(source, report)
        else:
            report.save(target)
        slower = _slower(comparison)
        return Outcome(source, target, "written", report, comparison, backup=backup, warning=slower)
    except WorseModel as error:
        message = f"{error}; {target} was not written"
        return Outcome(source, target, "refused", report, message=message)
    except ModelError as error:
        return Outcome(source, target, "failed", message=str(error))


def _compare(source: Path, report: Report, settings: Settings) -> Comparison:
    """Run the old model, or what stands for it, and the new one."""
    try:
        return verify(
            source if report.reference is None else report.reference,
            report.model,
            settings.inputs,
            atol=settings.atol,
            rtol=settings.rtol,
            folder=source.parent,
            threads=settings.threads,
        )
    except RuntimeRefusal as error:
        told = "; ".join((str(error), *report.warnings))
        raise ModelError(f"{told}. --no-verify writes without running the models") from error


def _disagreement(comparison: Comparison, settings: Settings) -> str:
    limits = f"--atol {settings.atol:g} and --rtol {settings.rtol:g}"
    told = comparison.rounding
    if told is None or not told.same:
        where = "" if told is None else ", in float32 too,"
        return f"the outputs differ{where} by more than {limits}"
    return (
        f"the outputs differ by more than {limits} and than rounding to half precision explains: "
        f"off by {told.error_before:.2g} before, {told.error_after:.2g} after"
    )


def _slower(comparison: Comparison | None) -> str:
    if comparison is None or comparison.ratio >= _EVEN:
        return ""
    before, after = (
        f"{seconds * 1e3:.3f} ms"
        for seconds in (comparison.seconds_before, comparison.seconds_after)
    )
    return f"the new model is slower in ONNX Runtime here: {before} before, {after} after"


def _tidy(target: Path) -> None:
    """Remove what a killed run left beside a target that is not written now."""
    if not is_stream(target):
        clean(destination(target).parent)


def _nothing(source: Path, report: Report) -> str:
    if report.quantized and not report.skipped:
        return (
            f"there is no Mish in {source} but {len(report.quantized)} quantised between the "
            f"parts, the first of which makes {report.quantized[0].output}; optimize the model "
            "before it is quantised. Nothing was written"
        )
    if report.untaken and not report.skipped:
        operator = report.untaken[0]
        return (
            f"there is no Mish in {source} but an operator {operator}, which is taken for Mish "
            f"only with --operator {operator}; nothing was written"
        )
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
