"""The judge of matches is judged by the reference."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto

from mish import reference
from mish.onnx._prove import proof
from mish.onnx._prove.operators import compute
from mish.onnx._prove.program import Program, Step
from mish.onnx._prove.proof import FORMATS, POINTS, is_mish

KINDS = {
    TensorProto.FLOAT: np.float32,
    TensorProto.DOUBLE: np.float64,
    TensorProto.FLOAT16: np.float16,
    TensorProto.BFLOAT16: ml_dtypes.bfloat16,
}


def program(*steps: tuple[object, ...]) -> Program:
    """A program from operators and operands; an operand that is a float is a constant."""
    numbers: list[float] = []
    made = []
    for op, *operands in steps:
        numbers += [each for each in operands if isinstance(each, float)]
        left = iter(range(-len(numbers) + sum(isinstance(o, float) for o in operands) - 1, -99, -1))
        inputs = tuple(next(left) if isinstance(each, float) else each for each in operands)
        made.append(Step(op, (), inputs))
    return Program(tuple(made), np.array(numbers).tobytes())


MISH = (("Softplus", 0), ("Tanh", 1), ("Mul", 0, 2))


def test_the_operator_is_the_reference():
    truth = [float(reference.value(x)) for x in POINTS]
    np.testing.assert_allclose(compute("Mish", {}, [POINTS]), truth, rtol=1e-15, atol=0)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
def test_mish_is_mish(kind, double):
    assert is_mish(program(("Mish", 0)), kind, double=double)
    assert is_mish(program(*MISH), kind, double=double)


@pytest.mark.parametrize("double", [False, True])
def test_the_tolerance_is_held(double):
    unit = 2.0**-46 if double else 2.0**-24
    for part, right in ((0.9, True), (3.0, False)):
        scaled = program(*MISH, ("Mul", 3, 1 + part * unit))
        assert is_mish(scaled, TensorProto.FLOAT, double=double) == right


@pytest.mark.parametrize("where", [0.3, -1.19, 19.99, -300.0, 1e30, -1e38, 1e-40, 3.4e38])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 7.0])
def test_each_number_counts(where, wrong):
    number = float(np.float32(where))
    bent = program(*MISH, ("Equal", 0, number), ("Where", 4, wrong, 3))
    assert not is_mish(bent, TensorProto.FLOAT, double=False)


@pytest.mark.parametrize("where", [np.inf, -np.inf])
def test_the_infinities_count(where):
    bent = program(*MISH, ("Equal", 0, where), ("Where", 4, 7.0, 3))
    assert not is_mish(bent, TensorProto.FLOAT, double=False)


def test_nan_counts():
    bent = program(*MISH, ("Equal", 0, 0), ("Where", 4, 3, 0.0))
    assert not is_mish(bent, TensorProto.FLOAT, double=False)


def test_what_is_malformed_or_no_number_is_not_mish():
    for steps in ((("Mul", 0),), (("Less", 0, 1.0),), (("Where", 0, 0),)):
        assert not is_mish(program(*steps), TensorProto.FLOAT, double=False)


@pytest.mark.parametrize("threshold", [5.0, 4.0, 1.0])
def test_low_thresholds_show(threshold):
    guarded = program(
        ("Softplus", 0), ("Greater", 0, threshold), ("Where", 2, 0, 1), ("Tanh", 3), ("Mul", 0, 4)
    )
    assert not is_mish(guarded, TensorProto.FLOAT, double=False)


@pytest.mark.parametrize("beta", [1 + 1e-6, 1 - 1e-6, 0.999])
def test_other_betas_show(beta):
    steep = program(("Mul", 0, beta), ("Softplus", 1), ("Div", 2, beta), ("Tanh", 3), ("Mul", 0, 4))
    assert not is_mish(steep, TensorProto.FLOAT, double=False)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_order_of_a_format(kind):
    last = FORMATS[kind].last
    order = np.unique([-last, -last // 3, -1, 0, 1, 2, last // 5, last - 1, last])
    numbers = FORMATS[kind].number(order)
    limits = ml_dtypes.finfo(KINDS[kind])
    assert numbers[-1] == float(limits.max)
    assert FORMATS[kind].number(np.array([1]))[0] == float(limits.smallest_subnormal)
    assert (numbers.astype(KINDS[kind]).astype(float) == numbers).all()
    assert (np.diff(numbers) > 0).all()
    assert (FORMATS[kind].order(numbers) == order).all()
    up = np.nextafter(KINDS[kind](1.5), KINDS[kind](2))
    one = FORMATS[kind].order(np.array([1.5]))
    assert FORMATS[kind].number(one + 1)[0] == float(up)


@pytest.mark.parametrize("kind", FORMATS)
def test_both_sides_of_each_jump_and_bend_are_among_the_points(kind):
    cut = float(KINDS[kind](1.2345))
    bent = program(("Softplus", 0), ("Greater", 1, cut), ("Where", 2, 0, 1))
    x = proof.points(bent, FORMATS[kind])
    above = np.flatnonzero(np.logaddexp(x, 0) > cut)[0]
    order = FORMATS[kind].order(x[above - 1 : above + 1])
    assert order[1] - order[0] == 1


def test_it_gives_up_on_what_it_cannot_follow():
    noise = program(("Sub", 0, 0), ("Less", 1, 1e-9), ("Where", 2, 0, 1))
    assert proof.points(noise, FORMATS[TensorProto.FLOAT]) is None
