"""What the elementwise operators of ONNX compute, in float64.

A match is proved with these: the nodes between two values are evaluated on numbers and the
results are held against Mish. So an operator here means its mathematics, without the rounding
and the overflow of the model's own element type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

Array = npt.NDArray[Any]
Attributes = Mapping[str, Any]

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
"""The ONNX element types that Mish is defined for."""

NATIVE_DOMAIN = "mish.onnx"
"""The domain of the operator Mish whose kernel this package brings."""


def is_standard(node: onnx.NodeProto, op: str) -> bool:
    """Whether a node is the operator ``op`` of ONNX itself, not a namesake of another domain."""
    return node.op_type == op and node.domain in ("", "ai.onnx")


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The values of a node's plain attributes by name; graphs and tensors are left out."""
    plain = onnx.AttributeProto
    kinds = (plain.FLOAT, plain.INT, plain.STRING, plain.FLOATS, plain.INTS)
    return {
        each.name: helper.get_attribute_value(each) for each in node.attribute if each.type in kinds
    }


def mish(x: Array) -> Array:
    """Mish, as x·n/(n + 2) with n = e(e + 2), e = exp(x): no cancellation anywhere."""
    e = np.exp(np.minimum(x, 40.0))  # from there on the fraction is 1
    n = e * (e + 2)
    return np.asarray(x * (n / (n + 2)))


def compute(node: onnx.NodeProto, inputs: list[Array | None]) -> Array | None:
    """The output of an elementwise node, or None if it is no such node or is malformed.

    Args:
        node: The node. Its attributes must be values, not references.
        inputs: Its inputs in order; None for an optional one that is left out.
    """
    function = _function(node)
    if function is None or len(node.output) != 1:
        return None
    try:
        with np.errstate(all="ignore"):
            result = function(attributes(node), *inputs)
    # a wrong number of inputs, one missing, or an attribute that only the function's call gives
    except (TypeError, ValueError, AttributeError):
        return None
    return None if result is None else np.asarray(result)


def is_elementwise(node: onnx.NodeProto) -> bool:
    """Whether :func:`compute` knows the operator."""
    return _function(node) is not None and len(node.output) == 1


def reads(node: onnx.NodeProto) -> list[str]:
    """The inputs whose numbers matter; the second of CastLike lends only its type."""
    return list(node.input[:1] if is_standard(node, "CastLike") else node.input)


def _function(node: onnx.NodeProto) -> Callable[..., Array | None] | None:
    if node.domain in ("", "ai.onnx"):
        return _TABLE.get(node.op_type)
    return _mish if (node.domain, node.op_type) == (NATIVE_DOMAIN, "Mish") else None


def _mish(attributes: Attributes, x: Array) -> Array:
    return mish(x)


def _one(function: Callable[[Array], Any]) -> Callable[..., Array | None]:
    return lambda attributes, x: np.asarray(function(x))


def _two(function: Callable[[Array, Array], Any]) -> Callable[..., Array | None]:
    return lambda attributes, a, b: np.asarray(function(a, b))


def _many(function: Callable[[Array, Array], Any]) -> Callable[..., Array | None]:
    def fold(attributes: Attributes, first: Array, *others: Array) -> Array:
        for other in others:
            first = np.asarray(function(first, other))
        return first

    return fold


def _cast(attributes: Attributes, x: Array) -> Array | None:
    return x.astype(np.float64) if attributes.get("to") in FLOATS else None


def _cast_like(attributes: Attributes, x: Array, like: Array | None = None) -> Array | None:
    return x if x.dtype.kind == "f" else None


def _clip(
    attributes: Attributes, x: Array, low: Array | None = None, high: Array | None = None
) -> Array:
    low = attributes.get("min", -np.inf) if low is None else low  # attributes before opset 11
    high = attributes.get("max", np.inf) if high is None else high
    return np.asarray(np.minimum(np.maximum(x, low), high))


def _leaky_relu(attributes: Attributes, x: Array) -> Array:
    return np.where(x < 0, attributes.get("alpha", 0.01) * x, x)


def _elu(attributes: Attributes, x: Array) -> Array:
    return np.where(x < 0, attributes.get("alpha", 1.0) * np.expm1(np.minimum(x, 0)), x)


def _where(attributes: Attributes, condition: Array, a: Array, b: Array) -> Array:
    return np.asarray(np.where(condition, a, b))


_ONE: dict[str, Callable[[Array], Any]] = {
    "Abs": np.abs,
    "Cosh": np.cosh,
    "Exp": np.exp,
    "Identity": np.asarray,
    "Log": np.log,
    "Mish": mish,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Reciprocal": np.reciprocal,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Sinh": np.sinh,
    "Softplus": lambda x: np.logaddexp(x, 0),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Sqrt": np.sqrt,
    "Tanh": np.tanh,
}
_TWO: dict[str, Callable[[Array, Array], Any]] = {
    "Add": np.add,
    "And": np.logical_and,
    "Div": np.divide,
    "Equal": np.equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Mul": np.multiply,
    "Or": np.logical_or,
    "Pow": np.power,
    "Sub": np.subtract,
}
_TABLE: dict[str, Callable[..., Array | None]] = {
    **{name: _one(function) for name, function in _ONE.items()},
    **{name: _two(function) for name, function in _TWO.items()},
    "Cast": _cast,
    "CastLike": _cast_like,
    "Clip": _clip,
    "Elu": _elu,
    "LeakyRelu": _leaky_relu,
    "Max": _many(np.maximum),
    "Min": _many(np.minimum),
    "Sum": _many(np.add),
    "Where": _where,
}
