"""Judges two models of half precision by what each would compute without rounding to it.

One unit of float16 is 1e-3 of a number, and a deep network makes more of it: two right ways to
write one Mish then differ by more than any tolerance that still sees a wrong one. So the question
is taken apart. Do the two models compute the same thing? That is seen in float32, with the
tolerance of float32. And is the new one off by more than rounding brings? That of the old one
is known: its distance from itself in float32, as it runs, and also with each value rounded to
the type that it is written with. For a runtime may keep float32 from node to node, here one
way and there another. All this on several inputs that differ by a unit in the last place, since
one output alone may be right by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from mish.onnx._compare import runtime
from mish.onnx._compare.differences import difference, distances
from mish.onnx._compare.widen import widened

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]

Arrays = Mapping[str, npt.NDArray[np.generic]]

_NEIGHBOURS = 8
_UNIT = 2.0**-10  # of float16
_WORSE = 2.0


@dataclass(frozen=True)
class Rounding:
    """How two models of half precision compare with what they would compute in float32.

    Attributes:
        max_relative: The largest relative difference of the two models, both in float32.
        error_before: The largest distance of the old model's outputs from its own in float32,
            in parts of an output's largest element: as it runs, or with each value rounded to
            the type that it is written with, whichever is more.
        error_after: The largest distance of the new model's outputs, as it runs, from the same.
        same: Whether the two models agree in float32, to the tolerances.
        agree: Whether they do, and the new model's error is at most twice the old one's, or
            within the tolerances of that.
    """

    max_relative: float
    error_before: float
    error_after: float
    same: bool
    agree: bool


def judge(
    models: tuple[onnx.ModelProto, onnx.ModelProto],
    sessions: tuple[InferenceSession, InferenceSession],
    feeds: Sequence[Arrays],
    *,
    atol: float,
    rtol: float,
    folders: tuple[Path | None, Path | None],
    threads: int,
) -> Rounding:
    """Compare two models of half precision.

    Args:
        models: The models.
        sessions: A session of each.
        feeds: The inputs to run them on.
        atol: Absolute tolerance.
        rtol: Relative tolerance.
        folders: What the locations of each one's external data are relative to.
        threads: Threads of a run.

    Raises:
        RuntimeRefusal: If ONNX Runtime does not run a model in float32.
    """
    wide = [
        runtime.load(widened(model, folder), folder, threads, f"the {name} model in float32")
        for model, folder, name in zip(models, folders, ("old", "new"), strict=True)
    ]
    as_written = runtime.load(
        widened(models[0], folders[0], rounded=True), folders[0], threads, "the old model, rounded"
    )
    names = [node.name for node in sessions[0].get_outputs()]
    exact = [[_run(session, feed) for feed in feeds] for session in wide]
    found = [difference(names, a, b, atol, rtol) for a, b in zip(*exact, strict=True)]
    errors = _Errors(len(names))
    rng = np.random.default_rng(0)
    for feed in feeds:
        near = [{k: _neighbour(v, rng) for k, v in feed.items()} for _ in range(_NEIGHBOURS)]
        for each in (feed, *near):
            old, new, *others = (
                _run(session, each) for session in (*sessions, wide[0], as_written)
            )
            errors.add(old, new, *others)
    same = all(each.agree for each in found)
    return Rounding(
        max(each.relative for each in found),
        *errors.relative(),
        same,
        same and errors.no_worse(atol, rtol),
    )


class _Errors:
    """The largest errors of two models, by output, over all that was added."""

    def __init__(self, outputs: int) -> None:
        self._size = np.zeros(outputs)
        self._error = np.zeros((2, outputs))

    def add(self, old: list[Any], new: list[Any], exact: list[Any], rounded: list[Any]) -> None:
        for index, outputs in enumerate(zip(old, new, exact, rounded, strict=True)):
            before, after, truth, written = (np.asarray(each, np.float64) for each in outputs)
            finite = np.where(np.isfinite(truth), np.abs(truth), 0)
            self._size[index] = max(self._size[index], finite.max(initial=0))
            # where half precision overflows the new model has to do so too
            wanted = np.where(np.isfinite(before), truth, before)
            written = np.where(np.isfinite(before) & np.isfinite(written), written, wanted)
            for model, got in ((0, before), (0, written), (1, after)):
                far = distances(got, wanted).max(initial=0)
                self._error[model, index] = max(self._error[model, index], far)

    def relative(self) -> tuple[float, float]:
        """The largest errors, in parts of the outputs' largest elements."""
        parts = self._error / np.where(self._size > 0, self._size, 1)
        return float(parts[0].max(initial=0)), float(parts[1].max(initial=0))

    def no_worse(self, atol: float, rtol: float) -> bool:
        before, after = self._error
        return bool(np.all(after <= _WORSE * before + atol + rtol * self._size))


def _run(session: InferenceSession, feed: Arrays) -> list[Any]:
    """The outputs of a session on inputs, those of half precision widened as the session wants."""
    wide = {node.name for node in session.get_inputs() if node.type == "tensor(float)"}
    cast = {name: each.astype(np.float32) if name in wide else each for name, each in feed.items()}
    return runtime.run(session, cast, "a model")


def _neighbour(array: npt.NDArray[np.generic], rng: np.random.Generator) -> npt.NDArray[np.generic]:
    """An array in which every floating-point number is moved by about a unit of float16."""
    if array.dtype.kind != "f":
        return array
    moved = array.astype(np.float64) * (1 + _UNIT * rng.choice([-1.0, 1.0], array.shape))
    return moved.astype(array.dtype)
