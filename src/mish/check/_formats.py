"""What becomes of a program in a number format: every operator computed in it by NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

from mish._truth import sweeps
from mish._truth.balls import working_bits
from mish._truth.formats import as_dtype, format_of
from mish.check import _balls
from mish.check._program import Program

Array = npt.NDArray[Any]

_BAD = 16.0  # ulp: more than this is not the rounding of a few operators
_DENSE = 1 << 14  # points of a format of 32 or 64 bits, in each of the stretches
_STRETCHES = (8.0, 32.0, 128.0, 1024.0)
_SLOW = 1 << 9  # the same where the judge is slow
_BITS = 320


@dataclass(frozen=True)
class Trouble:
    """A range of x where results are wrong, and the step that is to blame.

    Attributes:
        kind: ``"nan"``, ``"infinite"``, ``"lost"`` (0, or wrong by half of the value or more)
            or ``"inexact"`` (off by more than 16 ulp).
        low: the least x that was tried and is in it.
        high: the largest.
        worst: the largest error in it, in ulp; infinite where there is no number.
        at: where that is.
        step: what was written of the step that is to blame: where infinities and NaN begin, seen
            from 0, or in the middle of the range.
        how: what that step does.
    """

    kind: str
    low: float
    high: float
    worst: float
    at: float
    step: str
    how: str


@dataclass(frozen=True)
class Loss:
    """What a format loses.

    Attributes:
        dtype: the format.
        count: how many x were tried.
        worst: the largest error in ulp among results that are numbers.
        at: where it is.
        troubles: the ranges of x where more than rounding is lost, from left to right.
    """

    dtype: str
    count: int
    worst: float
    at: float
    troubles: tuple[Trouble, ...]


def lose(
    run: Callable[[Array], Array], dtype: str, order: int, program: Program | None = None
) -> Loss:
    """Compare results in a format with the truth.

    Args:
        run: computes them from an array of the format.
        dtype: the format.
        order: which derivative they are said to be.
        program: what ``run`` computes, to tell the steps to blame.
    """
    x = inputs(dtype, order)
    results = run(x)
    errors = sweeps.errors(results, x, order)
    finite = np.where(np.isinf(errors), -1, errors)
    worst = int(np.argmax(finite))
    troubles = tuple(_troubles(x, results, errors, program))
    return Loss(dtype, x.size, max(float(finite[worst]), 0.0), float(x[worst]), troubles)


def inputs(dtype: str, order: int) -> Array:
    """The numbers that are tried: all of 16 bits that a network may meet, else some thousands."""
    form = as_dtype(dtype)
    if form.itemsize == 2:
        every = sweeps.every_16_bit(form)
        return np.sort(every[np.isfinite(every)])
    slow = form.itemsize == 8 or order > max(sweeps.UFUNCS)
    rng = np.random.default_rng(0)
    parts = [rng.uniform(-end, end, _SLOW if slow else _DENSE).astype(form) for end in _STRETCHES]
    small = np.geomspace(2.0 ** (format_of(form).least + 1), 1, 200)
    return np.unique(np.concatenate([*parts, small.astype(form), -small.astype(form)]))


def run(program: Program, x: Array) -> list[Array]:
    """Compute every step in the format of x."""
    found: list[Array] = []
    with np.errstate(all="ignore"):
        for step in program.steps:
            if step.op == "x":
                result = x
            elif step.op == "number":
                assert step.number is not None
                result = _constant(step.number, x.dtype)
            else:
                result = _TABLE[step.op](*(found[each] for each in step.inputs))
            if step.op in ("e", "pi"):
                result = result.astype(x.dtype)
            found.append(np.asarray(result))
    return found


def result(program: Program, x: Array) -> Array:
    """Compute a program in the format of x."""
    return np.broadcast_to(run(program, x)[-1], x.shape)


def _troubles(
    x: Array, results: Array, errors: npt.NDArray[np.float64], program: Program | None
) -> Iterator[Trouble]:
    kinds = _kinds(results, errors)
    for first, last in _stretches(kinds):
        worst = first + int(np.argmax(errors[first:last]))
        typical = _typical(x, kinds, first, last)
        step, how = ("", "") if program is None else _blame(program, x[typical])
        yield Trouble(
            kind=str(kinds[first]),
            low=float(x[first]),
            high=float(x[last - 1]),
            worst=float(errors[worst]),
            at=float(x[worst]),
            step=step,
            how=how,
        )


def _typical(x: Array, kinds: npt.NDArray[np.str_], first: int, last: int) -> int:
    """A place in a stretch that shows what goes wrong there."""
    if kinds[first] in ("nan", "infinite"):
        return first if abs(x[first]) < abs(x[last - 1]) else last - 1
    wrong = first + np.flatnonzero(kinds[first:last] != "")
    return int(wrong[wrong.size // 2])


def _kinds(results: Array, errors: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    wide = results.astype(np.float64)
    most = 2.0 ** (format_of(results.dtype).precision - 1)
    conditions = [
        errors <= _BAD,
        np.isnan(wide),
        np.isinf(errors),
        (wide == 0) | (errors > most),
    ]
    return np.select(conditions, ["", "nan", "infinite", "lost"], "inexact")


_GAP = 64  # neighbours that are right by chance do not divide a stretch


def _stretches(kinds: npt.NDArray[np.str_]) -> Iterator[tuple[int, int]]:
    """Divide what is wrong into ranges of one kind; the ends are as of a slice."""
    wrong = np.flatnonzero(kinds != "")
    if not wrong.size:
        return
    breaks = np.flatnonzero((np.diff(wrong) > _GAP) | (kinds[wrong][1:] != kinds[wrong][:-1])) + 1
    for group in np.split(wrong, breaks):
        yield int(group[0]), int(group[-1]) + 1


def _blame(program: Program, x: Any) -> tuple[str, str]:
    """Tell which step spoils the result at a number of a format, and how."""
    computed = [float(each) for each in run(program, np.array(x))]
    exact = _balls.values(program, Fraction(*x.as_integer_ratio()), _BITS)
    least = 2.0 ** -format_of(x.dtype).precision
    off = [_distance(*pair) for pair in zip(computed, exact, strict=True)]
    growth = {}
    for index in _used(program, computed):
        step = program.steps[index]
        before = max([least, *(off[each] for each in step.inputs)])
        growth[index] = off[index] / before if math.isfinite(before) else 0.0
    index = max(growth, key=lambda place: (growth[place], -place))
    step, value = program.steps[index], computed[index]
    if math.isinf(value):
        return step.text, "overflows"
    if math.isnan(value):
        return step.text, "has no value"
    if value == 0:
        return step.text, "becomes 0"
    return step.text, "cancels" if step.op in ("+", "-") else "loses digits"


def _used(program: Program, computed: Sequence[float]) -> set[int]:
    """The steps that the result comes from: not the branches that were not taken."""
    used = {len(program.steps) - 1}
    for index in range(len(program.steps) - 1, -1, -1):
        if index in used:
            step = program.steps[index]
            left_out = (
                {step.inputs[2 if computed[step.inputs[0]] else 1]} if step.op == "where" else set()
            )
            used |= set(step.inputs) - left_out
    return used


def _distance(computed: float, exact: arb | bool | None) -> float:
    """The relative error of a step; of a truth value, all or nothing."""
    if not isinstance(exact, arb):
        return math.inf if exact is not None and bool(computed) != exact else 0.0
    if not math.isfinite(computed) or not exact.is_finite():
        return math.inf
    with working_bits(_BITS):
        distance = abs(arb(computed) - exact)
        if exact == 0 or exact.contains(0):
            return 0.0 if distance.contains(0) else math.inf
        return float(distance / abs(exact))


def _constant(number: Fraction, dtype: npt.DTypeLike) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(float(number)).astype(dtype)


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, small / (1 + small), 1 / (1 + small)))


_TABLE: dict[str, Callable[..., Any]] = {
    "e": lambda: np.asarray(math.e),
    "pi": lambda: np.asarray(math.pi),
    "e**": lambda x: np.power(np.asarray(math.e).astype(x.dtype), x),
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "negative": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softplus": lambda x: np.logaddexp(x, np.zeros_like(x)),
    "logaddexp": np.logaddexp,
    "max": np.maximum,
    "min": np.minimum,
    "where": np.where,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}
"""What NumPy computes; the softplus and the logistic function in the forms that do not overflow."""
