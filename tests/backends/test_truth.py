"""Every back end against the certified truth, at the points where Mish goes wrong."""

from __future__ import annotations

import functools
import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from backend import Backend

from mish import reference, ulp
from mish._truth import hard_inputs
from mish._truth.formats import as_dtype

FILES = sorted(path.stem for path in Path(__file__).parent.glob("of_*.py"))
BACKENDS = [each for name in FILES for each in importlib.import_module(name).BACKENDS]
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan)
EVERY = 4  # of the hard points, so that each back end takes a second; tests/accuracy tries them all


class Case(NamedTuple):
    """A back end with a dtype and an order."""

    backend: Backend
    dtype: str
    order: int

    def __call__(self, x: np.ndarray) -> np.ndarray:
        for module in self.backend.requires:
            if find_spec(module) is None:
                pytest.skip(f"{module} is not installed")
        before = x.tobytes()
        y = self.backend.call(x, self.order)
        assert isinstance(y, np.ndarray)
        assert (y.dtype, y.shape) == (x.dtype, x.shape)
        assert x.tobytes() == before
        return y


def case(backend: Backend, dtype: str, order: int):
    return pytest.param(Case(backend, dtype, order), id=f"{backend.name}-{dtype}-{order}")


every_case = pytest.mark.parametrize(
    "case", [case(each, d, k) for each in BACKENDS for d in each.dtypes for k in each.orders]
)
every_dtype = pytest.mark.parametrize(
    "case", [case(each, d, each.orders[0]) for each in BACKENDS for d in each.dtypes]
)


@functools.cache
def points(dtype: str, order: int) -> tuple[np.ndarray, np.ndarray]:
    """The points, special values first, and the correctly rounded results."""
    hard = hard_inputs.hard(dtype, order)[::EVERY]
    x = np.concatenate([np.array(SPECIAL, as_dtype(dtype)), hard])
    return x, reference.rounded(x, dtype, order)


def smallest_normal(dtype: str) -> float:
    return {"float16": 2.0**-14, "float64": 2.0**-1022}.get(dtype, 2.0**-126)


def errors(case: Case, y: np.ndarray, x: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The errors in ulp: exact where that decides on which side of the bound a result lies."""
    bound = case.backend.bound[case.dtype]
    wide = truth.astype(np.float64)
    same = (y == truth) | (np.isnan(y) & np.isnan(truth))
    with np.errstate(invalid="ignore"):
        found = np.where(same, 0.0, np.abs(y.astype(np.float64) - wide) / ulp.ulp(wide, case.dtype))
    found[np.isnan(found)] = np.inf
    # the rounded truth is up to half an ulp off, or a whole one where it is a power of two
    near = np.flatnonzero(~same & (np.abs(found - bound) <= 1))
    found[near] = ulp.error(y[near], x[near], case.order)
    return found


def excused(case: Case, y: np.ndarray, x: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Where the back end itself says that it is not held to its bound in ulp."""
    y, x, truth = (each.astype(np.float64) for each in (y, x, truth))
    found = np.zeros(x.shape, bool)
    allowed = case.backend.beside_zeros.get(case.dtype, 0.0)
    with np.errstate(invalid="ignore"):
        for zero in hard_inputs.ZEROS[case.order]:
            found |= (np.abs(x - zero) < 4) & (np.abs(y - truth) <= allowed)
    if case.backend.flushes:
        least = smallest_normal(case.dtype)
        at_zero = float(reference.rounded(0.0, case.dtype, case.order))
        found |= (np.abs(truth) <= least) & (y == 0)
        found |= (np.abs(x) < least) & (y == at_zero)
    return found


def judge(case: Case, y: np.ndarray, x: np.ndarray, truth: np.ndarray) -> None:
    error = np.where(excused(case, y, x, truth), 0.0, errors(case, y, x, truth))
    if not error.size:
        return
    worst = np.argmax(error)
    assert error[worst] <= case.backend.bound[case.dtype], (
        f"{error[worst]:.4g} ulp at {float(x[worst]).hex()}: "
        f"{float(y[worst])!r} in the place of {float(truth[worst])!r}"
    )


@every_case
def test_error_at_hard_points(case):
    x, truth = points(case.dtype, case.order)
    y = case(x)
    judge(case, y, x, truth)
    if case.order == 0:
        signs = slice(0, len(SPECIAL) - 1)  # that of a NaN is anyone's
        np.testing.assert_array_equal(np.signbit(y[signs]), np.signbit(truth[signs]))


@every_dtype
def test_any_number_of_dimensions(case):
    x, truth = points(case.dtype, case.order)
    for index in (*range(len(SPECIAL)), -1):
        one = slice(index, index + 1 or None)
        y = case(x[one].reshape(()))
        judge(case, y.reshape(1), x[one], truth[one])
    block = slice(0, 240)
    shape = (2, 3, 1, 8, 5)
    judge(case, case(x[block].reshape(shape)).ravel(), x[block], truth[block])


@every_dtype
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2, 2)], ids=str)
def test_no_elements(case, shape):
    assert case(np.zeros(shape, as_dtype(case.dtype))).size == 0


@every_dtype
def test_strides(case):
    x, truth = (each[:3000] for each in points(case.dtype, case.order))
    judge(case, case(x[::3]), x[::3], truth[::3])
    turned, its_truth = (each.reshape(60, 50).T[1:, ::7] for each in (x, truth))
    judge(case, case(turned).ravel(), turned.ravel(), its_truth.ravel())


def test_every_file_has_back_ends_of_different_names():
    assert {"of_formula", "of_numpy", "of_torch"} <= set(FILES)
    names = [each.name for each in BACKENDS]
    assert len(set(names)) == len(names) >= len(FILES)
