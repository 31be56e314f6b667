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

import mish

Array = npt.NDArray[Any]
Attributes = Mapping[str, Any]

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
"""The ONNX element types that Mish is defined for."""

NATIVE_DOMAIN = "mish.onnx"
"""The domain of the operator Mish whose kernel this package brings."""

HALVES = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
"""Those of 16 bits."""

PREDICATES = {"And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or"}
"""The operators whose result is true or false."""

RETYPING = {"Cast", "CastLike", "Identity"}
"""The operators that leave a number alone but for its type."""


def is_standard(node: onnx.NodeProto, op: str) -> bool:
    """Whether a node is the operator ``op`` of ONNX itself, not a namesake of another domain."""
    return node.op_type == op and node.domain in ("", "ai.onnx")


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The values of a node's plain attributes by name; graphs and tensors are left out.

    Raises:
        ValueError: If one refers to an attribute of the function that the node is in.
    """
    plain = onnx.AttributeProto
    kinds = (plain.FLOAT, plain.INT, plain.STRING, plain.FLOATS, plain.INTS)
    return {
        each.name: helper.get_attribute_value(each) for each in node.attribute if each.type in kinds
    }


def elementwise(node: onnx.NodeProto) -> str | None:
    """The name of a node's operator if it is an elementwise one that is known here."""
    if len(node.output) != 1:
        return None
    if node.domain in ("", "ai.onnx"):
        return node.op_type if node.op_type in _TABLE or node.op_type in RETYPING else None
    return "Mish" if (node.domain, node.op_type) == (NATIVE_DOMAIN, "Mish") else None


def compute(op: str, attributes: Attributes, inputs: list[Array | None]) -> Array | None:
    """The output of an elementwise operator, or None if its inputs are not what it takes.

    Args:
        op: The operator's name, as :func:`elementwise` gives it, but none of ``RETYPING``.
        attributes: Its attributes by name.
        inputs: Its inputs in order; None for an optional one that is left out.
    """
    try:
        with np.errstate(all="ignore"):
            return np.asarray(_TABLE[op](attributes, *inputs))
    except (TypeError, ValueError):  # a wrong number of inputs, or one missing
        return None


def _one(function: Callable[[Array], Any]) -> Callable[..., Any]:
    return lambda attributes, x: function(x)


def _two(function: Callable[[Array, Array], Any]) -> Callable[..., Any]:
    return lambda attributes, a, b: function(a, b)


def _many(function: Callable[[Array, Array], Any]) -> Callable[..., Any]:
    def fold(attributes: Attributes, first: Array, *others: Array) -> Array:
        for other in others:
            first = np.asarray(function(first, other))
        return first

    return fold


def clip_limits(
    attributes: Attributes, low: Array | None = None, high: Array | None = None
) -> tuple[Array, Array]:
    """The limits of a Clip: inputs, or attributes before opset 11."""
    return (
        np.asarray(attributes.get("min", -np.inf)) if low is None else low,
        np.asarray(attributes.get("max", np.inf)) if high is None else high,
    )


def _clip(
    attributes: Attributes, x: Array, low: Array | None = None, high: Array | None = None
) -> Array:
    low, high = clip_limits(attributes, low, high)
    return np.asarray(np.minimum(np.maximum(x, low), high))


def _leaky_relu(attributes: Attributes, x: Array) -> Array:
    return np.where(x < 0, attributes.get("alpha", 0.01) * x, x)


def _elu(attributes: Attributes, x: Array) -> Array:
    return np.where(x < 0, attributes.get("alpha", 1.0) * np.expm1(np.minimum(x, 0)), x)


_ONE: dict[str, Callable[[Array], Any]] = {
    "Abs": np.abs,
    "Cosh": np.cosh,
    "Exp": np.exp,
    "Log": np.log,
    "Mish": mish.mish,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Reciprocal": np.reciprocal,
    "Relu": lambda x: np.maximum(x, 0),
    "Round": np.rint,
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
_TABLE: dict[str, Callable[..., Any]] = {
    **{name: _one(function) for name, function in _ONE.items()},
    **{name: _two(function) for name, function in _TWO.items()},
    "Clip": _clip,
    "Elu": _elu,
    "LeakyRelu": _leaky_relu,
    "Max": _many(np.maximum),
    "Min": _many(np.minimum),
    "Sum": _many(np.add),
    "Where": lambda attributes, condition, a, b: np.where(condition, a, b),
}
