r"""Is a formula Mish, or a derivative of it? Where not, by how much, and what floats lose of it.

>>> from mish import check
>>> print(check.expression("x*tanh(log(1 + exp(x)))", dtypes=[]))
agrees with mish(x): proved
>>> report = check.expression("x*tanh(where(x > 20, x, log(1 + exp(x))))", dtypes=[])
>>> print(*str(report).splitlines()[:3], sep="\n")
differs from mish(x): proved
  x ≤ 20: the same
  x > 20: different

An expression is compared in two ways. By algebra: as a rational function of x and exp(x), on each
piece of the line that its conditions cut, which proves that it agrees or differs. And by ball
arithmetic at some 400 points, which proves each difference that is named. Where the algebra does
not reach, agreement to 30 digits at the points is all that is known, and the report says so.

Needs the ``symbolic`` extra (SymPy and python-flint).
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mish._support.extras import needs

with needs("symbolic", "mish.check"):
    import flint  # noqa: F401
    import sympy  # type: ignore[import-untyped]  # noqa: F401

from mish._truth.formats import as_dtype
from mish.check._formats import Loss, Trouble, lose, result
from mish.check._parse import parse
from mish.check._points import Difference, Points, compare, compare_function
from mish.check._proof import Part, breaks_of, prove
from mish.check._report import Report

__all__ = ["DTYPES", "Difference", "Loss", "Part", "Points", "Report", "Trouble", "expression"]
__all__ += ["function"]

DTYPES = ("float64", "float32", "float16")
"""The formats in which a formula is tried, if no others are asked for."""

_MOST_ORDER = 100  # beyond, a report takes minutes


def expression(text: str, order: int = 0, dtypes: Sequence[str] = DTYPES) -> Report:
    """Judge an expression in x. It is read, never run.

    Args:
        text: numbers, ``x``, ``e``, ``pi``, ``+ - * / **`` and ``^`` for powers, comparisons,
            ``and``, ``or``, ``not``, ``a if condition else b``, and exp, expm1, log or ln, log1p,
            sqrt, sinh, cosh, tanh, sigmoid or expit, softplus, logaddexp, relu, silu, abs, max,
            min, clip or clamp, square, pow, where, also with the names of modules before them, as
            ``torch.tanh`` or ``tf.nn.softplus``, or as methods of what they are applied to. A
            softplus of PyTorch has its threshold, 20 unless one is given.
        order: which derivative it should be; 0 is Mish itself.
        dtypes: the formats to try it in: float16, bfloat16, float32, float64.

    Returns:
        What was found. A formula that is wrong by more than float64's rounding on a stretch of x is
        not tried in formats.

    Raises:
        ModuleNotFoundError: SymPy or python-flint is missing; for bfloat16, ml_dtypes.
        TypeError, ValueError: an argument is not usable; of the text, the message names the place.
    """
    program, order = parse(text), _order(order)
    names = _names(dtypes)
    parts = prove(program, order)
    breaks = breaks_of(parts)
    points = compare(program, order, breaks)
    wrong = any(not each.unseen and each.x not in breaks for each in points.differences)
    run = functools.partial(result, program)
    losses = [] if wrong else [lose(run, name, order, program) for name in names]
    return Report(order, tuple(parts), points, tuple(losses))


def function(
    call: Callable[[npt.NDArray[Any]], npt.ArrayLike],
    order: int = 0,
    dtypes: Sequence[str] = DTYPES,
) -> Report:
    """Judge a function of NumPy arrays by its values; nothing is proved.

    Args:
        call: gets one-dimensional arrays and returns arrays of their shape and dtype.
        order: which derivative it should be; 0 is Mish itself.
        dtypes: the formats to try it in: float16, bfloat16, float32, float64. Whether it agrees is
            judged in float64, from −30 to 30: it may be off by 2**−40·(1 + |exact value|).

    Returns:
        What was found.

    Raises:
        ModuleNotFoundError: as ``expression``.
        TypeError, ValueError: an argument is not usable, or a result has another shape or dtype.
    """
    order, names = _order(order), _names(dtypes)

    def run(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        with np.errstate(all="ignore"):
            found = np.asarray(call(x.copy()))
        if found.shape != x.shape:
            raise ValueError(f"the function makes an array of {found.shape} from one of {x.shape}")
        if found.dtype != x.dtype:
            raise TypeError(f"the function makes {found.dtype} from {x.dtype}; cast its result")
        return found

    points = compare_function(run, order)
    losses = [] if points.differences else [lose(run, name, order) for name in names]
    return Report(order, (), points, tuple(losses))


def _order(order: int) -> int:
    order = operator.index(order)
    if not 0 <= order <= _MOST_ORDER:
        raise ValueError(f"order must be from 0 to {_MOST_ORDER}, not {order}")
    return order


def _names(dtypes: Sequence[str]) -> list[str]:
    if isinstance(dtypes, str):
        raise TypeError(f"dtypes must be a list of names, not the string {dtypes!r}")
    return list(dict.fromkeys(as_dtype(each).name for each in dtypes))
