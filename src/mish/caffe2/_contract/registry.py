"""Which operators there are, what computes them, and how each is differentiated."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from mish.caffe2._contract.arguments import Arguments
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.schema import OpSchema, describe
from mish.caffe2.proto import caffe2_pb2

Array: TypeAlias = npt.NDArray[Any]
Gradients: TypeAlias = tuple[list[caffe2_pb2.OperatorDef], list[str | None]]
"""Gradient operators, and for each input of the forward operator the blob of its gradient."""


class Invocation:
    """One use of an operator: what its kernel gets besides the arrays.

    Attributes:
        definition: the operator.
        arguments: its arguments.
    """

    def __init__(self, definition: caffe2_pb2.OperatorDef, schema: OpSchema) -> None:
        self.definition = definition
        self.arguments = Arguments(definition)
        self._schema = schema

    def error(self, message: str) -> Caffe2Error:
        """Make an error that names the operator."""
        return Caffe2Error(f"{describe(self.definition)}: {message}")

    def input_name(self, index: int) -> str:
        """The name of an input in the contract."""
        return self._schema.input_name(index)

    def input(self, index: int) -> str:
        """How an error speaks of an input: by its name and its blob."""
        blob = self.definition.input[index]
        return f"input {self.input_name(index)} (blob '{blob}')"

    def require_shape(self, index: int, array: Array, expected: Sequence[int], why: str) -> None:
        """See that an input has the expected shape.

        Raises:
            Caffe2Error: it has another; ``why`` says where the expectation comes from.
        """
        if array.shape != tuple(expected):
            raise self.error(
                f"{self.input(index)} has shape {list(array.shape)}, expected "
                f"{list(expected)} {why}"
            )

    def rng(self) -> np.random.Generator:
        """Random numbers; the same at every run if the device option has a seed."""
        device = self.definition.device_option
        return np.random.default_rng(device.random_seed if device.HasField("random_seed") else None)


Kernel: TypeAlias = Callable[..., Array | tuple[Array, ...]]
"""Called with an Invocation and the input arrays; returns the outputs. It must not write into
its inputs."""

GradientMaker: TypeAlias = Callable[
    [caffe2_pb2.OperatorDef, list[str | None]],
    tuple[Sequence[caffe2_pb2.OperatorDef] | caffe2_pb2.OperatorDef | None, Sequence[str | None]],
]
"""Called with an operator and the gradient blobs of its outputs, as in Caffe2."""

_K = TypeVar("_K", bound=Kernel)
_G = TypeVar("_G", bound=GradientMaker)


class Operator(NamedTuple):
    """A registered operator."""

    schema: OpSchema
    kernel: Kernel


OPERATORS: dict[str, Operator] = {}
GRADIENTS: dict[str, GradientMaker] = {}


def register_operator(type_: str, schema: OpSchema) -> Callable[[_K], _K]:
    """Register the function below as the kernel of an operator.

    The kernel is called as ``kernel(invocation, *arrays)`` and returns one array or a tuple of
    them. The arrays are read-only. What it raises reaches the caller as a Caffe2Error.

    Args:
        type_: the type that nets call it by. A type that exists is replaced.
        schema: what it takes.
    """

    def register(kernel: _K) -> _K:
        OPERATORS[type_] = Operator(schema, kernel)
        return kernel

    return register


def register_gradient(type_: str) -> Callable[[_G], _G]:
    """Register the function below as what makes the gradient of an operator.

    It is called with the operator and a list of the gradient blobs of its outputs (None where
    there is none), and returns the gradient operators and a list of the gradient blobs of the
    inputs. :class:`mish.caffe2.Gradient` helps to write it. An existing one is replaced.
    """

    def register(maker: _G) -> _G:
        GRADIENTS[type_] = maker
        return maker

    return register


def no_gradient(type_: str) -> None:
    """Register that no gradient goes through an operator."""
    register_gradient(type_)(lambda op, g_output: ([], [None] * len(op.input)))


def find(operator: caffe2_pb2.OperatorDef) -> Operator:
    """Look up an operator.

    Raises:
        Caffe2Error: there is none of its type.
    """
    if operator.type not in OPERATORS:
        raise Caffe2Error(
            f"there is no operator {operator.type or 'without a type'} (output "
            f"{', '.join(map(repr, operator.output)) or 'none'}){did_you_mean(operator.type)}; "
            "mish.caffe2.register_operator adds one"
        )
    return OPERATORS[operator.type]


def did_you_mean(type_: str) -> str:
    """A hint at operators whose names look similar; empty if none does."""
    near = difflib.get_close_matches(type_, OPERATORS, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""
