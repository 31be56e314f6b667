"""Constants that are one number throughout, and what operators make of them.

A constant has an element type, and an operator on constants gives what it would in a runtime:
integers wrap and divide towards zero, and a float is rounded to its type after each operator.
Where ONNX leaves a result open (a float beyond the integers, a division by 0) there is none.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mish.onnx._prove.operators import FLOATS, PREDICATES, RETYPING, Attributes, compute

_MOST_UNIFORM = 1 << 16
_INTEGERS = tuple(
    getattr(TensorProto, f"{sign}INT{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)
)
_DTYPES: dict[int, np.dtype[Any]] = {
    kind: helper.tensor_dtype_to_np_dtype(kind) for kind in (*FLOATS, *_INTEGERS, TensorProto.BOOL)
}
if _DTYPES[TensorProto.BFLOAT16].itemsize != 2:  # onnx before 1.19 has but float32 for it
    del _DTYPES[TensorProto.BFLOAT16]

Number = bool | int | float


@dataclass(frozen=True)
class Uniform:
    """A constant tensor whose elements are all the same number.

    Attributes:
        value: The number, which ``kind`` can hold.
        kind: Its ONNX element type.
        shape: The length of each axis.
    """

    value: Number
    kind: int
    shape: tuple[int, ...] = ()


def constant_of(node: onnx.NodeProto) -> Uniform | None:
    """What a Constant node makes, if that is uniform."""
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx") or len(node.attribute) != 1:
        return None
    (attribute,) = node.attribute
    if attribute.ref_attr_name:
        return None
    if attribute.name == "value":
        return uniform(attribute.t)
    if attribute.name == "value_float":
        return Uniform(attribute.f, TensorProto.FLOAT)
    if attribute.name == "value_int":
        return Uniform(attribute.i, TensorProto.INT64)
    several: dict[str, tuple[Sequence[Number], int]] = {
        "value_floats": (attribute.floats, TensorProto.FLOAT),
        "value_ints": (attribute.ints, TensorProto.INT64),
    }
    numbers, kind = several.get(attribute.name, ((), 0))
    if len(set(numbers)) != 1:
        return None
    return Uniform(numbers[0], kind, (len(numbers),))


def uniform(tensor: onnx.TensorProto) -> Uniform | None:
    """A tensor as one number, if it is small, lies in the model's file and has but one."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.data_type not in _DTYPES:
        return None
    size = math.prod(tensor.dims)
    if not 0 < size <= _MOST_UNIFORM:
        return None
    try:
        array = numpy_helper.to_array(tensor)
        first = array.flat[0]
        if array.size != size or not (array == first).all():
            return None
    except (ValueError, TypeError, IndexError):  # its data does not fit its type or shape
        return None
    return Uniform(_plain(first, tensor.data_type), tensor.data_type, tuple(tensor.dims))


def fold(
    op: str, attributes: Attributes, inputs: Sequence[Uniform | None], like: int = 0
) -> Uniform | None:
    """What an elementwise operator makes of constants; None where that is not certain.

    Args:
        op: The operator.
        attributes: Its attributes by name.
        inputs: Its inputs whose numbers matter; None for an optional one that is left out.
        like: For CastLike, the type of the second input.
    """
    given = [each for each in inputs if each is not None]
    if not given:
        return None
    try:
        shape = np.broadcast_shapes(*(each.shape for each in given))
    except ValueError:
        return None
    if op in RETYPING:
        kind = retyped_kind(op, attributes, like, given[0].kind)
        value = _cast(given[0], kind)
    else:
        kind = result_kind(op, [each.kind for each in given])
        value = _value(op, attributes, inputs, kind)
    return None if value is None else Uniform(value, kind, shape)


def result_kind(op: str, kinds: Sequence[int]) -> int:
    """The element type that an operator gives from inputs of these types."""
    if op in PREDICATES:
        return int(TensorProto.BOOL)
    return kinds[1] if op == "Where" and len(kinds) > 1 else kinds[0]


def retyped_kind(op: str, attributes: Attributes, like: int, kind: int) -> int:
    """The element type that Cast, CastLike or Identity gives, 0 if none that is known here."""
    wanted = {"Cast": attributes.get("to"), "CastLike": like}.get(op, kind)
    return wanted if wanted in (*_DTYPES, *FLOATS) else 0


def _plain(value: Any, kind: int) -> Number:
    if kind in FLOATS:
        return float(value)
    return bool(value) if kind == TensorProto.BOOL else int(value)


def _cast(x: Uniform, kind: int) -> Number | None:
    if not kind:
        return None
    if kind in FLOATS:
        return _rounded(x.value, kind)
    if kind == TensorProto.BOOL:
        return bool(x.value)
    if x.kind not in FLOATS:
        return _wrapped(int(x.value), kind)
    limits = np.iinfo(_DTYPES[kind])
    if math.isfinite(x.value) and limits.min <= int(x.value) <= limits.max:
        return int(x.value)
    return None


def _value(
    op: str, attributes: Attributes, inputs: Sequence[Uniform | None], kind: int
) -> Number | None:
    kinds = {each.kind for each in inputs[op == "Where" :] if each is not None}
    if op == "Pow":
        kinds = {kind}
    if len(kinds) != 1:
        return None
    (one,) = kinds
    if one in FLOATS:
        arrays = [None if each is None else np.asarray(each.value, np.float64) for each in inputs]
        result = compute(op, attributes, arrays)
        if result is None:
            return None
        return bool(result) if kind == TensorProto.BOOL else _rounded(float(result), kind)
    function = _EXACT.get(op)
    if function is None or (one == TensorProto.BOOL) != (op in _LOGIC):
        function = _EITHER.get(op)
    if function is None or None in inputs:
        return None
    try:
        value: Number | None = function(*(each.value for each in inputs if each is not None))
    except (TypeError, ZeroDivisionError):  # a wrong number of inputs; a division by 0
        return None
    if value is None or kind == TensorProto.BOOL:
        return value
    wrapped = _wrapped(int(value), kind)
    return None if op in {"Div", "Pow"} and wrapped != value else wrapped


def _rounded(value: Number, kind: int) -> float | None:
    if kind not in _DTYPES:
        return None
    with np.errstate(over="ignore"):
        return float(np.asarray(value).astype(_DTYPES[kind]))


def _wrapped(value: int, kind: int) -> int:
    """The integer of a type that has the same low bits."""
    limits = np.iinfo(_DTYPES[kind])
    return (value - int(limits.min)) % (1 << limits.bits) + int(limits.min)


def _quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _power(a: int, b: Number) -> int | None:
    """A power that float64 holds, for that is what some runtimes compute it in."""
    if not isinstance(b, int) or not 0 <= b < 64:
        return None
    power = a**b
    return power if abs(power) <= 1 << 53 else None


_LOGIC = {"And", "Not", "Or"}
_EXACT: dict[str, Callable[..., Any]] = {
    "Abs": abs,
    "Add": operator.add,
    "And": operator.and_,
    "Div": _quotient,
    "Greater": operator.gt,
    "GreaterOrEqual": operator.ge,
    "Less": operator.lt,
    "LessOrEqual": operator.le,
    "Max": lambda *x: max(x),
    "Min": lambda *x: min(x),
    "Mul": operator.mul,
    "Neg": operator.neg,
    "Not": operator.not_,
    "Or": operator.or_,
    "Pow": _power,
    "Relu": lambda x: max(x, 0),
    "Sub": operator.sub,
}
_EITHER: dict[str, Callable[..., Any]] = {  # of integers and of booleans
    "Equal": operator.eq,
    "Where": lambda condition, a, b: a if condition else b,
}
