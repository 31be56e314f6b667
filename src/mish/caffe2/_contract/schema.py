"""What an operator takes: how many blobs, of which types, and which may be in place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2.proto import caffe2_pb2

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int32", "int64")
ANY: tuple[str, ...] = ()
"""As the types of an input: whatever a blob can hold."""


def describe(operator: caffe2_pb2.OperatorDef) -> str:
    """How an error speaks of an operator: by its type and, if it has one, its name."""
    return f"operator {operator.type}" + (f" '{operator.name}'" if operator.name else "")


@dataclass(frozen=True)
class OpSchema:
    """The contract of one type of operator.

    Attributes:
        inputs: names of the inputs, in their order.
        outputs: names of the outputs, in their order.
        optional_inputs: how many of the last inputs may be missing.
        optional_outputs: how many of the last outputs may be missing.
        repeated: how many of the last inputs repeat together without limit, at least once.
        repeated_outputs: whether the last output repeats without limit.
        inplace: pairs (input, output) that may be one blob; all others must differ.
        required: arguments that must be given.
        dtypes: names of dtypes, for each input that has its own. All others together are of
            one floating-point type.
    """

    inputs: Sequence[str]
    outputs: Sequence[str]
    optional_inputs: int = 0
    optional_outputs: int = 0
    repeated: int = 0
    repeated_outputs: bool = False
    inplace: Collection[tuple[int, int]] = ()
    required: Collection[str] = ()
    dtypes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def input_name(self, index: int) -> str:
        """The name of an input, with a number if it is one of those that repeat."""
        single = len(self.inputs) - self.repeated
        if index < single or not self.repeated:
            return self.inputs[index]
        return f"{self._declared(index)}_{(index - single) // self.repeated}"

    def output_name(self, index: int) -> str:
        """The name of an output, with a number if it is the one that repeats."""
        last = len(self.outputs) - 1
        if index < last or not self.repeated_outputs:
            return self.outputs[index]
        return f"{self.outputs[last]}_{index - last}"

    def verify(self, operator: caffe2_pb2.OperatorDef) -> None:
        """See that an operator's definition keeps the contract.

        Raises:
            Caffe2Error: it does not.
        """
        name = describe(operator)
        most = None if self.repeated else len(self.inputs)
        least = len(self.inputs) - self.optional_inputs
        _require_count(name, "input", list(operator.input), least, most, self.inputs)
        count = len(operator.input) - (len(self.inputs) - self.repeated)
        if self.repeated and count % self.repeated:
            raise Caffe2Error(
                f"{name} has {len(operator.input)} inputs, expected groups of {self.repeated}: "
                f"{', '.join(self.inputs)}"
            )
        least = len(self.outputs) - self.optional_outputs
        most = None if self.repeated_outputs else len(self.outputs)
        _require_count(name, "output", list(operator.output), least, most, self.outputs)
        for i, read in enumerate(operator.input):
            for j, written in enumerate(operator.output):
                if read == written and (i, j) not in self.inplace:
                    raise Caffe2Error(
                        f"{name}: the blob '{read}' is both input {self.input_name(i)} and "
                        f"output {self.output_name(j)}, which cannot be computed in place; give "
                        "the output another name"
                    )
        given = {argument.name for argument in operator.arg}
        for argument in self.required:
            if argument not in given:
                raise Caffe2Error(f"{name} lacks the argument {argument}, which it requires")

    def verify_arrays(
        self, operator: caffe2_pb2.OperatorDef, arrays: Sequence[npt.NDArray[Any]]
    ) -> None:
        """See that arrays have types that the contract allows.

        Raises:
            Caffe2Error: they do not.
        """
        model: int | None = None  # the input whose type the others must share
        for index, array in enumerate(arrays):
            own = self.dtypes.get(self._declared(index))
            expected = FLOATS if own is None else own
            if expected and dtype_name(array.dtype) not in expected:
                wanted = one_of(expected)
            elif own is not None:
                continue
            elif model is None:
                model = index
                continue
            elif array.dtype == arrays[model].dtype:
                continue
            else:
                wanted = f"{arrays[model].dtype}, the type of {self.input_name(model)}"
            raise Caffe2Error(
                f"{describe(operator)}: input {self.input_name(index)} (blob "
                f"'{operator.input[index]}') is {array.dtype}, expected {wanted}"
            )

    def _declared(self, index: int) -> str:
        """The name under which an input is declared; those that repeat share theirs."""
        single = len(self.inputs) - self.repeated
        if index >= single and self.repeated:
            index = single + (index - single) % self.repeated
        return self.inputs[index]


@lru_cache
def dtype_name(dtype: np.dtype[Any]) -> str:
    """The name of a type; NumPy takes microseconds to make it."""
    return dtype.name


def one_of(names: Sequence[str]) -> str:
    """Names as a person lists them."""
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def _require_count(
    name: str, what: str, blobs: list[str], least: int, most: int | None, names: Sequence[str]
) -> None:
    if least <= len(blobs) and (most is None or len(blobs) <= most):
        return
    if most is None:
        expected = f"at least {least}"
    else:
        expected = str(most) if least == most else f"{least} to {most}"
    listed = ", ".join(f"'{blob}'" for blob in blobs) or "none"
    wanted = f" ({', '.join(names)})" if names else ""
    raise Caffe2Error(
        f"{name} has {len(blobs)} {what}{'' if len(blobs) == 1 else 's'} ({listed}), "
        f"expected {expected}{wanted}"
    )
