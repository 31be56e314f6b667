"""Runs two models on the same inputs and compares what comes out and how long it takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from mish.onnx import inputs as model_inputs
from mish.onnx.files import ModelError, as_model, first_line, serialize
from mish.onnx.native import is_native, register

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]

_SMALL = 1e-2
_ROUNDS = (5, 50)  # at least and at most
_SECONDS = 2.0


@dataclass(frozen=True)
class Comparison:
    """How two models compare on the same inputs.

    Attributes:
        max_absolute: Largest absolute difference over all elements of all outputs.
        max_relative: Largest relative difference. That of an element is the absolute one over
            the element's size in the first model. A size under a hundredth of the output's
            largest finite one counts as that hundredth: a sum that happens to be near zero has
            no relative precision of its own.
        agree: Whether every element differs by at most ``atol + rtol * size``, with sizes as in
            ``max_relative``.
        seconds_before: Median time of one run of the first model.
        seconds_after: The same of the second model.
        threads: How many threads each of these runs used.
    """

    max_absolute: float
    max_relative: float
    agree: bool
    seconds_before: float
    seconds_after: float
    threads: int

    @property
    def ratio(self) -> float:
        """How many times faster the second model runs."""
        return self.seconds_before / self.seconds_after


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
        ValueError: If ``threads`` is less than 1.
        ModelError: If ONNX Runtime refuses a model or the inputs, if the given inputs do not
            fit, or if the models' outputs differ in name or are not tensors.
        ModuleNotFoundError: If ONNX Runtime is not installed.
    """
    if threads is None:
        threads = _usable_cores()
    elif threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    first, second = (_session(model, folder, threads) for model in (before, after))
    if inputs is None:
        inputs = model_inputs.generate(first, seed)
    else:
        model_inputs.check(inputs, first)
    feed = dict(inputs)
    names = [node.name for node in first.get_outputs()]
    if names != [node.name for node in second.get_outputs()]:
        raise ModelError("the two models have different outputs")
    pairs = zip(names, _run(first, feed), _run(second, feed), strict=True)
    differences = [_difference(name, a, b, atol, rtol) for name, a, b in pairs]
    times = _alternate(first, second, feed)
    return Comparison(
        max(absolute for absolute, _, _ in differences),
        max(relative for _, relative, _ in differences),
        all(agree for _, _, agree in differences),
        *times,
        threads,
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _session(
    model: onnx.ModelProto | str | PathLike[str],
    folder: str | PathLike[str] | None,
    threads: int,
) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Left to itself it starts a thread for each core of the machine, even where the process may
    # use only some of them; they then wait for each other and the times mean nothing.
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only: they come as exceptions with the same text
    loaded = as_model(model)
    if is_native(loaded):
        register(options)
    with ExitStack() as stack:
        if not isinstance(model, onnx.ModelProto) and _is_utf8(Path(model)):
            source: bytes | str = str(Path(model))
        else:
            source = serialize(loaded)
            place = folder if isinstance(model, onnx.ModelProto) else Path(model).parent
            if place is not None:
                key = "session.model_external_initializers_file_folder_path"
                named = stack.enter_context(_in_utf8(Path(place).resolve()))
                options.add_session_config_entry(key, str(named))
        try:
            return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base but this
            raise ModelError(f"ONNX Runtime refuses the model: {first_line(error)}") from error


@contextmanager
def _in_utf8(folder: Path) -> Iterator[Path]:
    """A name of a folder that ONNX Runtime can take: a link where its own is not UTF-8."""
    if _is_utf8(folder):
        yield folder
        return
    with TemporaryDirectory() as home:
        link = Path(home, "models")
        link.symlink_to(folder, target_is_directory=True)
        yield link


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _run(session: InferenceSession, feed: dict[str, Any]) -> list[Any]:
    try:
        return list(session.run(None, feed))
    except Exception as error:
        raise ModelError(
            f"ONNX Runtime cannot run the model on these inputs: {first_line(error)}. "
            "If they were made up, give real ones"
        ) from error


def _difference(
    name: str, before: Any, after: Any, atol: float, rtol: float
) -> tuple[float, float, bool]:
    """The largest absolute and relative difference of one output, and whether it is accepted."""
    if not isinstance(before, np.ndarray) or before.dtype.kind not in "fiub":
        raise ModelError(f"the output {name} is not a tensor of numbers; it cannot be compared")
    if before.shape != after.shape or before.dtype != after.dtype:
        raise ModelError(f"the output {name} has another type or shape in the second model")
    a, b = before.astype(np.float64), after.astype(np.float64)
    with np.errstate(invalid="ignore"):
        distance = np.asarray(np.abs(a - b))
    distance[(a == b) | (np.isnan(a) & np.isnan(b))] = 0
    distance[np.isnan(distance)] = np.inf
    size = np.where(np.isfinite(a), np.abs(a), 0)
    size = np.maximum(size, _SMALL * size.max(initial=0))
    relative = np.divide(distance, size, out=np.full_like(distance, np.inf), where=size > 0)
    relative[distance == 0] = 0
    return (
        float(distance.max(initial=0)),
        float(relative.max(initial=0)),
        bool(np.all(distance <= atol + rtol * size)),
    )


def _alternate(
    first: InferenceSession, second: InferenceSession, feed: dict[str, Any]
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
