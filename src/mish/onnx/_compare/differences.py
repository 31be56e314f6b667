"""How far the outputs of one run are from those of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mish.onnx._model.files import ModelError

_SMALL = 1e-2

Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """How the outputs of two runs differ.

    Attributes:
        absolute: The largest absolute difference of two elements.
        relative: The largest relative one, by the sizes of :func:`sizes`.
        agree: Whether each element differs by at most ``atol + rtol * size``.
    """

    absolute: float
    relative: float
    agree: bool


def difference(
    names: Sequence[str], before: Sequence[Any], after: Sequence[Any], atol: float, rtol: float
) -> Difference:
    """Compare all outputs of two runs.

    Raises:
        ModelError: If an output is no tensor of numbers, or has another type or shape in the
            second run.
    """
    found = [
        _difference(name, a, b, atol, rtol) for name, a, b in zip(names, before, after, strict=True)
    ]
    return Difference(
        max((each.absolute for each in found), default=0.0),
        max((each.relative for each in found), default=0.0),
        all(each.agree for each in found),
    )


def distances(a: Float64s, b: Float64s) -> Float64s:
    """The distance of each element from its counterpart.

    Equal elements, infinities too, and NaN in the same place are 0 apart. NaN or an infinity is
    infinitely far from anything else.
    """
    with np.errstate(invalid="ignore"):
        apart = np.asarray(np.abs(a - b))
    apart[(a == b) | (np.isnan(a) & np.isnan(b))] = 0
    apart[np.isnan(apart)] = np.inf
    return apart


def sizes(a: Float64s) -> Float64s:
    """The size of each element that a relative difference refers to.

    One under a hundredth of the largest finite one counts as that hundredth.
    """
    size = np.where(np.isfinite(a), np.abs(a), 0)
    return np.asarray(np.maximum(size, _SMALL * size.max(initial=0)))


def _difference(name: str, before: Any, after: Any, atol: float, rtol: float) -> Difference:
    if not isinstance(before, np.ndarray) or before.dtype.kind not in "fiub":
        raise ModelError(f"the output {name} is not a tensor of numbers; it cannot be compared")
    if before.shape != after.shape or before.dtype != after.dtype:
        raise ModelError(f"the output {name} has another type or shape in the second model")
    a, b = before.astype(np.float64), after.astype(np.float64)
    apart, size = distances(a, b), sizes(a)
    relative = np.divide(apart, size, out=np.full_like(apart, np.inf), where=size > 0)
    relative[apart == 0] = 0
    return Difference(
        float(apart.max(initial=0)),
        float(relative.max(initial=0)),
        bool(np.all(apart <= atol + rtol * size)),
    )
