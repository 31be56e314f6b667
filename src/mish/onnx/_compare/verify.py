"""Runs two models on the same inputs and compares what comes out and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from mish._support.cpus import allowed_cpus
from mish.onnx._compare import inputs as model_inputs
from mish.onnx._compare import runtime
from mish.onnx._compare.differences import difference
from mish.onnx._compare.rounding import Rounding, judge
from mish.onnx._compare.runtime import RuntimeRefusal
from mish.onnx._compare.widen import has_halves
from mish.onnx._model.files import ModelError, as_model

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]

_ROUNDS = (5, 50)  # at least and at most
_SECONDS = 2.0
_SETS = 2  # of made-up inputs: of the usual sizes, and of as different ones as the model takes


class WorseModel(ModelError):
    """The new model fails on inputs that the old one takes."""


@dataclass(frozen=True)
class Comparison:
    """How two models compare on the same inputs.

    Attributes:
        max_absolute: Largest absolute difference over all elements of all outputs.
        max_relative: Largest relative difference. That of an element is the absolute one over
            the element's size in the old model. A size under a hundredth of the output's
            largest finite one counts as that hundredth: a sum that happens to be near zero has
            no relative precision of its own.
        agree: Whether every element differs by at most ``atol + rtol * size``, with sizes as in
            ``max_relative``; or, if not, whether ``rounding`` tells that half precision alone
            is the reason.
        seconds_before: Median time of one run of the old model.
        seconds_after: The same of the new model.
        threads: How many threads each of these runs used.
        runs: On how many sets of inputs the outputs were compared.
        rounding: How the two compare in float32, if they have float16 or bfloat16 and their
            outputs differ by more than the tolerances.
    """

    max_absolute: float
    max_relative: float
    agree: bool
    seconds_before: float
    seconds_after: float
    threads: int
    runs: int
    rounding: Rounding | None = None

    @property
    def ratio(self) -> float:
        """How many times faster the new model runs."""
        return self.seconds_before / self.seconds_after

    @property
    def basis(self) -> str:
        """What was compared, in a line."""
        on = "one set of inputs" if self.runs == 1 else f"{self.runs} sets of inputs"
        if self.rounding is None:
            return f"compared the outputs of both models on {on}"
        told = self.rounding
        return (
            f"compared both models in float32 on {on}: largest relative difference "
            f"{told.max_relative:.2g}; and the rounding of each to half precision: off by "
            f"{told.error_before:.2g} before, {told.error_after:.2g} after"
        )


def verify(
    before: onnx.ModelProto | str | PathLike[str],
    after: onnx.ModelProto | str | PathLike[str],
    inputs: Mapping[str, npt.NDArray[np.generic]] | None = None,
    *,
    atol: float = 1e-10,
    rtol: float = 1e-3,
    seed: int = 0,
    folder: str | PathLike[str] | None = None,
    threads: int | None = None,
) -> Comparison:
    """Run two models in ONNX Runtime on CPU on the same inputs.

    Equal elements, infinities too, and NaN in the same place differ by 0. NaN or an infinity
    against anything else differs by infinity. The models run in turns, so that whatever else
    the machine does falls on both alike.

    Models with float16 or bfloat16 whose outputs differ by more than the tolerances are compared
    once more, as if all that were float32. They agree if they do so then, to the same tolerances,
    and if the new model's rounding error, its distance from the first one in float32, is
    at most twice that of the first, or within the tolerances of it.

    Args:
        before: A model or the path of one.
        after: Another with the same inputs and outputs.
        inputs: An array for each input name; made up from types and shapes if not given.
        atol: Absolute tolerance, for ``Comparison.agree``.
        rtol: Relative tolerance, for the same.
        seed: Seed of the made-up inputs.
        folder: What the external data of models given as objects is relative to.
        threads: How many threads an operator may use, at least 1; as many as there are cores
            that this process may run on if not given.

    Raises:
        ValueError: If ``threads`` is less than 1, or a tolerance negative or NaN.
        ModelError: If ONNX Runtime refuses a model or the inputs, if the given inputs do not
            fit, if the models' outputs differ in name or are not tensors, or if the new model
            fails on inputs that the old one takes.
        ModuleNotFoundError: If ONNX Runtime is not installed.
    """
    if threads is None:
        threads = allowed_cpus()
    elif threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    for name, tolerance in (("atol", atol), ("rtol", rtol)):
        if not tolerance >= 0:  # NaN too, which no difference would exceed
            raise ValueError(f"{name} must be a number from 0 on, not {tolerance}")
    models = as_model(before), as_model(after)
    first = runtime.load(before, folder, threads, "the old model")
    second = runtime.load(after, folder, threads, "the new model")
    names = [node.name for node in first.get_outputs()]
    if names != [node.name for node in second.get_outputs()]:
        raise ModelError("the two models have different outputs")
    feeds = _feeds(models[0], first, inputs, seed)
    found = [difference(names, old, _run_new(second, feed), atol, rtol) for feed, old in feeds]
    agree = all(each.agree for each in found)
    rounding = None
    if not agree and any(map(has_halves, models)):
        rounding = judge(
            models,
            (first, second),
            [feed for feed, _ in feeds],
            atol=atol,
            rtol=rtol,
            folders=(_folder(before, folder), _folder(after, folder)),
            threads=threads,
        )
        agree = rounding.agree
    times = _alternate(first, second, feeds[0][0])
    return Comparison(
        max(each.absolute for each in found),
        max(each.relative for each in found),
        agree,
        *times,
        threads,
        len(feeds),
        rounding,
    )


def _run_new(session: InferenceSession, feed: model_inputs.Arrays) -> list[Any]:
    try:
        return runtime.run(session, feed, "the new model")
    except RuntimeRefusal as error:
        raise WorseModel(f"{error}. The old model takes them") from error


def _folder(
    model: onnx.ModelProto | str | PathLike[str], folder: str | PathLike[str] | None
) -> Path | None:
    """What the locations of a model's external data are relative to."""
    if not isinstance(model, onnx.ModelProto):
        return Path(model).parent
    return None if folder is None else Path(folder)


def _feeds(
    model: onnx.ModelProto,
    session: InferenceSession,
    inputs: Mapping[str, npt.NDArray[np.generic]] | None,
    seed: int,
) -> list[tuple[model_inputs.Arrays, list[Any]]]:
    """What to run the models on, each with the outputs of the first: as given, or made up."""
    if inputs is not None:
        model_inputs.check(inputs, model, session)
        return [(dict(inputs), runtime.run(session, inputs, "the old model"))]
    feeds: list[tuple[model_inputs.Arrays, list[Any]]] = []
    refusal: RuntimeRefusal | None = None
    for feed in model_inputs.generate(model, session, seed):
        try:
            feeds.append((feed, runtime.run(session, feed, "the old model")))
        except RuntimeRefusal as error:
            refusal = refusal or error
        if len(feeds) == _SETS:
            break
    if not feeds:
        raise RuntimeRefusal(f"{refusal}. They were made up; give real ones") from refusal
    return feeds


def _alternate(
    first: InferenceSession, second: InferenceSession, feed: model_inputs.Arrays
) -> tuple[float, float]:
    """Median seconds of a run of each, the two taking turns."""
    laps: tuple[list[float], list[float]] = ([], [])
    least, most = _ROUNDS
    start = time.perf_counter()
    while len(laps[0]) < most:
        if len(laps[0]) >= least and time.perf_counter() - start > _SECONDS:
            break
        for session, lap in zip((first, second), laps, strict=True):
            begin = time.perf_counter()
            session.run(None, feed)
            lap.append(time.perf_counter() - begin)
    return median(laps[0]), median(laps[1])
