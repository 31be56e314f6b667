"""Mish for thinc, and so for spaCy: its layers on the CPU run this package's kernels.

After this, until the process ends, they do::

    mish.thinc.accelerate()  # NumpyOps.mish and backprop_mish are ours from here on

Needs the extra ``thinc``.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

import mish
from mish._support.acceleration import Acceleration, Switch
from mish._support.extras import needs
from mish._support.versions import require

with needs("thinc", "mish.thinc"):
    import thinc
    from thinc.api import NumpyOps

require("mish.thinc", "thinc", thinc.__version__, "8.3")

__all__ = ["accelerate"]

_NAMES = ("mish", "backprop_mish")
# From here on Mish rounds to x, and its derivative to 1: a threshold beyond changes nothing.
_SATURATION = {
    mish.mish: {np.dtype(np.float32): 10.0, np.dtype(np.float64): 20.0},
    mish.mish_grad: {np.dtype(np.float32): 12.0, np.dtype(np.float64): 21.0},
}


def accelerate() -> Acceleration:
    """Make ``mish`` and ``backprop_mish`` of thinc's ``NumpyOps`` fast and accurate.

    From here on, in the whole process, thinc's Mish layers and spaCy's pipelines on the CPU compute
    with this package's kernels, in training too. Arguments mean what they mean in thinc: from
    ``threshold`` on (20 by default) Mish is taken for x and its derivative for 1; ``inplace``
    writes the result into the first array. float32 and float64 are ours, with errors below 1 ulp
    and at most 2 ulp; other dtypes, and what thinc refuses, go to its own methods. Other than
    there, infinities give their limits, the gradient at NaN is NaN, and strides are respected.

    It may be called again, from any thread, to no further effect::

        mish.thinc.accelerate()  # until the process ends

        with mish.thinc.accelerate():  # in the whole process, until the block ends
            nlp.update(examples)

        acceleration = mish.thinc.accelerate()
        acceleration.undo()

    Returns:
        A context manager; its method ``undo`` undoes the call.
    """
    return _switch.hold()


def _mish(self: Any, X: Any, threshold: float = 20.0, inplace: bool = False) -> Any:
    """Mish of ``X`` below the threshold, ``X`` from there on."""
    if not (isinstance(X, np.ndarray) and X.dtype in _SATURATION[mish.mish]):
        return _theirs["mish"](self, X, threshold=threshold, inplace=inplace)
    return _below(threshold, mish.mish, (X,), inplace)


def _backprop_mish(
    self: Any, dY: Any, X: Any, threshold: float = 20.0, inplace: bool = False
) -> Any:
    """``dY`` times the derivative at ``X`` below the threshold, ``dY`` from there on."""
    if not (
        isinstance(X, np.ndarray)
        and isinstance(dY, np.ndarray)
        and X.dtype in _SATURATION[mish.mish_grad]
        and dY.dtype == X.dtype
        and dY.shape == X.shape
    ):
        return _theirs["backprop_mish"](self, dY, X, threshold=threshold, inplace=inplace)
    return _below(threshold, mish.mish_grad, (dY, X), inplace)


def _below(threshold: object, ufunc: np.ufunc, arrays: tuple[Any, ...], inplace: bool) -> Any:
    """The ufunc, but the first array where the last one is at the threshold or beyond."""
    if not isinstance(threshold, Real):
        raise TypeError(f"threshold must be a number, not {type(threshold).__name__}")
    if math.isnan(threshold):
        raise ValueError("threshold must be a number, not NaN")
    first, X = arrays[0], arrays[-1]
    if threshold < _SATURATION[ufunc][X.dtype]:
        with np.errstate(over="ignore"):
            beyond = X.dtype.type(threshold) <= X
        if beyond.any():
            result = ufunc(*arrays)
            if not inplace:
                return np.where(beyond, first, result)
            np.copyto(first, result, where=~beyond)
            return first
    return ufunc(*arrays, out=first if inplace else np.empty_like(first, subok=False))


def _turn(on: bool) -> None:
    for name in _NAMES:
        setattr(NumpyOps, name, _ours[name] if on else _theirs[name])


_ours = dict(zip(_NAMES, (_mish, _backprop_mish), strict=True))
_theirs = {name: getattr(NumpyOps, name) for name in _NAMES}
_switch = Switch(_turn)
