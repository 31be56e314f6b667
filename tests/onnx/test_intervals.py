"""An interval's image encloses what its numbers become, and what happens inside is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from mish.onnx._prove import intervals
from mish.onnx._prove.operators import _TABLE, PREDICATES, compute
from mish.onnx._prove.program import Program, Step

_ARGUMENTS = {"Where": 3, "Clip": 3}
_TWO = {*intervals._FOLDED, *intervals._RULES} - {"Not", "Reciprocal", "Softsign", "Where"}
_SCALES = (1e-3, 1.0, 30.0, 1e3, 1e30)


def cells(rng: np.random.Generator, count: int) -> intervals.Range:
    middle = rng.normal(0, 1, count) * rng.choice(_SCALES, count)
    width = np.abs(rng.normal(0, 1, count) * rng.choice(_SCALES, count)) * rng.integers(0, 2, count)
    return middle - width, middle + width


@pytest.mark.parametrize("op", _TABLE)
def test_encloses(op):
    rng = np.random.default_rng(0)
    count = 4000
    number = _ARGUMENTS.get(op, 2 if op in _TWO else 1)
    inputs = [cells(rng, count) for _ in range(number)]
    if op in ("And", "Or", "Not", "Where"):
        truth = np.sort(rng.integers(0, 2, (2, count)), axis=0).astype(float)
        inputs = [(truth[0], truth[1]), *inputs[1:]] if op == "Where" else [tuple(truth)] * number
    if op == "Clip":
        low, high = np.full(count, -3.0), np.full(count, 2.0)
        inputs[1:] = [(low, low), (high, high)]
    flags = intervals.Flags(np.zeros(count, bool), np.zeros(count, bool))
    with np.errstate(all="ignore"):
        low, high = intervals._enclose(op, {}, list(inputs), flags)
    for part in (0.0, 0.1, 0.5, 0.77, 1.0):
        truth = op in ("And", "Or", "Not")
        share = np.rint(part) if truth else part
        inside = [np.clip(a + (b - a) * share, a, b) for a, b in inputs]
        if op == "Where":
            inside[0] = np.rint(inside[0])
        value = np.asarray(compute(op, {}, inside), float)
        slack = 1e-12 * np.where(np.isfinite(value), np.abs(value), 0)
        within = (value >= low - slack) & (value <= high + slack)
        assert np.all(within | np.isnan(value) | (np.isnan(low) & flags.jump))


BENDS = {
    "Abs": (("Abs", 0),),
    "Relu": (("Relu", 0),),
    "LeakyRelu": (("LeakyRelu", 0),),
    "Elu": (("Elu", 0),),
    "Log": (("Log", 0),),
    "Sqrt": (("Sqrt", 0),),
    "Reciprocal": (("Reciprocal", 0),),
    "Div": (("Div", 0, 0),),
    "Max": (("Neg", 0), ("Max", 0, 1)),
    "Min": (("Neg", 0), ("Min", 0, 1)),
    "Pow": (("Pow", 0, -1),),
    **{
        op: (("Neg", 0), (op, 0, 1), ("Where", 2, 0, 1)) for op in PREDICATES - {"And", "Or", "Not"}
    },
    "Not": (("Neg", 0), ("Less", 0, 1), ("Not", 2), ("Where", 3, 0, 1)),
}


@pytest.mark.parametrize("steps", BENDS.values(), ids=BENDS)
def test_notices_what_happens_at_0(steps):
    made = tuple(Step(op, (), operands) for op, *operands in steps)
    program = Program(made, np.array([0.5]).tobytes())
    low, high = np.array([-2.0, -1.0, 1.0, -1e-9]), np.array([-1.0, 0.5, 2.0, 1e-9])
    assert intervals.inside(program, low, high).jump.tolist() == [False, True, False, True]


@pytest.mark.parametrize("op", intervals._WIDE)
def test_notices_room_for_a_hump(op):
    program = Program((Step(op, (), (0,)),), b"")
    low, high = np.array([-9.0, -9.0, -2e4]), np.array([-8.5, -6.0, -1e4])
    wide = intervals.inside(program, low, high).room.tolist()
    assert wide == [False, True, False]


def test_notices_the_end_of_the_range():
    program = Program((Step("Exp", (), (0,)),), b"")
    low, high = np.array([709.0, 709.7, 710.0]), np.array([709.7, 709.8, 711.0])
    assert intervals.inside(program, low, high).room.tolist() == [False, True, False]
