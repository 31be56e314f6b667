"""Operators that make tensors: constant, given, or random."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mish.caffe2._contract.registry import Array, Invocation, no_gradient, register_operator
from mish.caffe2._contract.schema import ANY, OpSchema
from mish.caffe2._contract.tensors import dtype_of

_SCHEMA = OpSchema(["X"], ["Y"], optional_inputs=1, inplace=[(0, 0)], dtypes={"X": ANY})


def _shape(call: Invocation, inputs: tuple[Array, ...]) -> list[int]:
    """The shape to fill: the argument ``shape``, or that of the input, or what the input holds."""
    extra = call.arguments.integers("extra_shape")
    if not inputs:
        if extra:
            raise call.error("the argument extra_shape needs an input that it adds to")
        return call.arguments.integers("shape")
    if call.arguments.integers("shape"):
        raise call.error("it has both an input and the argument shape; leave out one of them")
    if not call.arguments.integer("input_as_shape", 0):
        return [*inputs[0].shape, *extra]
    if inputs[0].ndim != 1 or inputs[0].dtype != np.int64:
        raise call.error(
            f"{call.input(0)} is {inputs[0].dtype} of shape {list(inputs[0].shape)}, expected a "
            "vector of int64 as input_as_shape is set"
        )
    return [*inputs[0].tolist(), *extra]


@register_operator("ConstantFill", _SCHEMA)
def _constant_fill(call: Invocation, *inputs: Array) -> Array:
    """Fill with ``value``; as in Caffe2, the type is ``dtype`` or follows the value, never X."""
    arguments = call.arguments
    kind = arguments.kind("value") if "value" in arguments else "f"
    if "dtype" in arguments:
        dtype = dtype_of(arguments.integer("dtype", 0), call.error)
    elif kind in ("f", "i"):
        dtype = np.dtype(np.float32 if kind == "f" else np.int64)
    else:
        raise call.error("the argument value must be a float or an integer")
    value = arguments.number("value", 0.0) if dtype.kind == "f" else arguments.integer("value", 0)
    return np.full(_shape(call, inputs), value, dtype)


def _given(call: Invocation, *inputs: Array, dtype: type[np.generic]) -> Array:
    read = call.arguments.numbers if np.issubdtype(dtype, np.floating) else call.arguments.integers
    values = np.array(read("values"), dtype)
    shape = _shape(call, inputs)
    if values.size != math.prod(shape):
        raise call.error(
            f"the argument values has {values.size} numbers, expected {math.prod(shape)} for the "
            f"shape {shape}"
        )
    return values.reshape(shape)


def _random(
    call: Invocation,
    *inputs: Array,
    draw: Callable[[Invocation, np.random.Generator, list[int]], Array],
) -> Array:
    return draw(call, call.rng(), _shape(call, inputs)).astype(np.float32)


def _xavier(call: Invocation, rng: np.random.Generator, shape: list[int]) -> Array:
    """Uniform, of the variance that keeps that of what a layer with these weights passes on."""
    bound = math.sqrt(3 / max(math.prod(shape[1:]), 1))
    return rng.uniform(-bound, bound, shape)


def _gaussian(call: Invocation, rng: np.random.Generator, shape: list[int]) -> Array:
    return rng.normal(call.arguments.number("mean", 0), call.arguments.number("std", 1), shape)


def _uniform(call: Invocation, rng: np.random.Generator, shape: list[int]) -> Array:
    return rng.uniform(call.arguments.number("min", 0), call.arguments.number("max", 1), shape)


_GIVEN: dict[str, type[np.generic]] = {
    "GivenTensorFill": np.float32,
    "GivenTensorDoubleFill": np.float64,
    "GivenTensorIntFill": np.int32,
    "GivenTensorInt64Fill": np.int64,
    "GivenTensorBoolFill": np.bool_,
}
_RANDOM: dict[str, Any] = {
    "XavierFill": _xavier,
    "GaussianFill": _gaussian,
    "UniformFill": _uniform,
}
for _name, _dtype in _GIVEN.items():
    _schema = OpSchema(
        ["X"], ["Y"], optional_inputs=1, inplace=[(0, 0)], required=["values"], dtypes={"X": ANY}
    )
    register_operator(_name, _schema)(partial(_given, dtype=_dtype))
for _name, _draw in _RANDOM.items():
    register_operator(_name, _SCHEMA)(partial(_random, draw=_draw))
for _name in ("ConstantFill", *_GIVEN, *_RANDOM):
    no_gradient(_name)
