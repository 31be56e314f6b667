"""Operators on constants give what they would in a runtime, or nothing where that is open."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import TensorProto as T

from mish.onnx import find
from mish.onnx._find.constants import Uniform, fold, uniform

INT, FLOAT, HALF, BFLOAT, BOOL = T.INT64, T.FLOAT, T.FLOAT16, T.BFLOAT16, T.BOOL

FOLDED = [
    ("Div", [(3, INT), (2, INT)], (1, INT)),
    ("Div", [(-3, INT), (2, INT)], (-1, INT)),
    ("Div", [(3, INT), (0, INT)], None),
    ("Div", [(-(2**31), T.INT32), (-1, T.INT32)], None),
    ("Div", [(3.0, FLOAT), (0.0, FLOAT)], (np.inf, FLOAT)),
    ("Add", [(200, T.UINT8), (100, T.UINT8)], (44, T.UINT8)),
    ("Add", [(100, T.INT8), (100, T.INT8)], (-56, T.INT8)),
    ("Sub", [(1, T.UINT16), (2, T.UINT16)], (65535, T.UINT16)),
    ("Mul", [(2**40, INT), (2**40, INT)], (0, INT)),
    ("Neg", [(-128, T.INT8)], (-128, T.INT8)),
    ("Max", [(3, INT), (5, INT), (4, INT)], (5, INT)),
    ("Pow", [(3, INT), (2, INT)], (9, INT)),
    ("Pow", [(2, INT), (-1, INT)], None),
    ("Pow", [(2, INT), (0.5, FLOAT)], None),
    ("Pow", [(2, T.INT8), (7, INT)], None),
    ("Pow", [(2.0, FLOAT), (3, INT)], (8.0, FLOAT)),
    ("Sqrt", [(2, INT)], None),
    ("Add", [(1, INT), (1.0, FLOAT)], None),
    ("Add", [(1.0, FLOAT), (1.0, T.DOUBLE)], None),
    ("Add", [(1.0, FLOAT), (2.0**-25, FLOAT)], (1.0, FLOAT)),
    ("Add", [(1.0, HALF), (2.0**-12, HALF)], (1.0, HALF)),
    ("Add", [(1.0, BFLOAT), (2.0**-9, BFLOAT)], (1.0, BFLOAT)),
    ("Add", [(1.0, T.DOUBLE), (2.0**-25, T.DOUBLE)], (1 + 2.0**-25, T.DOUBLE)),
    ("Exp", [(12.0, HALF)], (np.inf, HALF)),
    ("Exp", [(1.0, FLOAT)], (float(np.float32(np.e)), FLOAT)),
    ("Less", [(1, INT), (2, INT)], (True, BOOL)),
    ("Less", [(1.0, FLOAT), (2.0, FLOAT)], (True, BOOL)),
    ("Equal", [(True, BOOL), (True, BOOL)], (True, BOOL)),
    ("And", [(True, BOOL), (False, BOOL)], (False, BOOL)),
    ("And", [(1, INT), (1, INT)], None),
    ("Add", [(True, BOOL), (True, BOOL)], None),
    ("Where", [(True, BOOL), (3, INT), (4, INT)], (3, INT)),
    ("Where", [(False, BOOL), (3.0, FLOAT), (4.0, FLOAT)], (4.0, FLOAT)),
    ("Where", [(True, BOOL), (3, INT), (4.0, FLOAT)], None),
    ("Identity", [(7, T.UINT8)], (7, T.UINT8)),
    ("Add", [(1, INT)], None),
    ("Clip", [(5, INT), (0, INT), (3, INT)], None),
]
CAST = [
    ((1.5, FLOAT), (1, T.INT32)),
    ((-1.5, FLOAT), (-1, INT)),
    ((300.0, FLOAT), None, T.UINT8),
    ((-1.0, FLOAT), None, T.UINT8),
    ((np.nan, FLOAT), None, INT),
    ((np.inf, FLOAT), None, INT),
    ((2.0**63, FLOAT), None, INT),
    ((300, INT), (44, T.UINT8)),
    ((-1, INT), (255, T.UINT8)),
    ((0.25, FLOAT), (True, BOOL)),
    ((0.0, FLOAT), (False, BOOL)),
    ((True, BOOL), (1.0, FLOAT)),
    ((0.1, T.DOUBLE), (float(np.float32(0.1)), FLOAT)),
    ((1e300, T.DOUBLE), (np.inf, FLOAT)),
    ((2**24 + 1, INT), (2.0**24, FLOAT)),
    ((1.5, FLOAT), None, T.STRING),
    ((1.5, FLOAT), None, T.FLOAT8E4M3FN),
]


def told(result: Uniform | None) -> tuple[object, int] | None:
    return None if result is None else (result.value, result.kind)


@pytest.mark.parametrize(("op", "inputs", "wanted"), FOLDED)
def test_operators(op, inputs, wanted):
    assert told(fold(op, {}, [Uniform(*each) for each in inputs])) == wanted


@pytest.mark.parametrize("case", CAST)
def test_casts(case):
    given, wanted, *kind = case
    to = kind[0] if kind else wanted[1]
    assert told(fold("Cast", {"to": to}, [Uniform(*given)])) == wanted
    assert told(fold("CastLike", {}, [Uniform(*given)], to)) == wanted


def test_shapes_broadcast():
    one, row, other = (Uniform(1.0, FLOAT, shape) for shape in ((), (1, 3), (2,)))
    assert fold("Add", {}, [one, row]).shape == (1, 3)
    assert fold("Add", {}, [row, other]) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, np.uint64, np.bool_])
def test_a_tensor_is_one_number_of_its_type(dtype):
    array = np.ones((2, 3), dtype)
    made = uniform(onnx.numpy_helper.from_array(array))
    assert (made.value, made.shape) == (1, (2, 3))
    assert type(made.value) is type(dtype(1).item())
    array[0, 1] = 0
    assert uniform(onnx.numpy_helper.from_array(array)) is None


@pytest.mark.parametrize("array", [np.array("text"), np.array(1j), np.zeros(0, np.float32)])
def test_other_tensors_are_no_number(array):
    assert uniform(onnx.numpy_helper.from_array(array)) is None


def whole(made: str) -> onnx.ModelProto:
    """x·tanh(softplus(x))·k, for a k made of constants."""
    text = f"""<ir_version: 10, opset_import: ["": 22]> g (float[N] x) => (float[N] y) {{
    {made} p = Softplus(x) t = Tanh(p) m = Mul(x, k) y = Mul(m, t) }}"""
    return onnx.parser.parse_model(text.replace(") ", ")\n"))


ONES = {
    "3 / 2": "a = Constant<value = int64 {3}>() b = Constant<value = int64 {2}>() i = Div(a, b)",
    "200 + 57": (
        "a = Constant<value = uint8 {200}>() b = Constant<value = uint8 {57}>() i = Add(a, b)"
    ),
    "1.5 like an integer": (
        "a = Constant<value = float {1.5}>() b = Constant<value = int32 {7}>() i = CastLike(a, b)"
    ),
    "1.5 as an integer": "a = Constant<value = float {1.5}>() i = Cast<to = 7>(a)",
    "10 / 4 / 2": (
        "a = Constant<value = int64 {10}>() b = Constant<value = int64 {4}>()"
        " d = Constant<value = int64 {2}>() c = Div(a, b) i = Div(c, d)"
    ),
}


@pytest.mark.parametrize("made", ONES.values(), ids=ONES)
def test_integers_in_a_spelling(made):
    assert [site.output for site in find(whole(f"{made} k = Cast<to = 1>(i)"))] == ["y"]


TWOS = {
    "3 / 2": "a = Constant<value = int64 {3}>() b = Constant<value = int64 {2}>() i = Div(a, b)"
    " f = Cast<to = 1>(i) c = Constant<value = float {1.5}>() k = Div(f, c)",
    "200 + 100": "a = Constant<value = uint8 {200}>() b = Constant<value = uint8 {100}>()"
    " i = Add(a, b) f = Cast<to = 1>(i) c = Constant<value = float {300}>() k = Div(f, c)",
    "1.5": "a = Constant<value = float {1.5}>() b = Constant<value = int32 {7}>()"
    " i = CastLike(a, b) f = Cast<to = 1>(i) k = Div(f, a)",
}


@pytest.mark.parametrize("made", TWOS.values(), ids=TWOS)
def test_what_would_be_1_in_real_numbers_is_not(made):
    assert [site for site in find(whole(made)) if site.output == "y"] == []
