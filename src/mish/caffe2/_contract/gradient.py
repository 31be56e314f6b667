"""A helper to write the gradient of an operator, in Caffe2's terms."""

from __future__ import annotations

from collections.abc import Sequence

from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.registry import Gradients
from mish.caffe2._contract.schema import describe
from mish.caffe2.proto import caffe2_pb2


class Gradient:
    """Builds the gradient operators of one operator.

    ``I``, ``O``, ``GI`` and ``GO`` name the blobs of its inputs, outputs, and their gradients,
    as in Caffe2's C++ gradient makers.
    """

    def __init__(self, op: caffe2_pb2.OperatorDef, g_output: Sequence[str | None]) -> None:
        self._op = op
        self._g_output = list(g_output)
        self._g_input: list[str | None] = [None] * len(op.input)
        self._made: list[caffe2_pb2.OperatorDef] = []

    def I(self, index: int) -> str:  # noqa: E743 - Caffe2's name
        """The blob of an input."""
        return str(self._op.input[index])

    def O(self, index: int) -> str:  # noqa: E743 - Caffe2's name
        """The blob of an output."""
        return str(self._op.output[index])

    def GO(self, index: int) -> str:
        """The blob of the gradient of an output.

        Raises:
            Caffe2Error: that gradient is not given.
        """
        given = self._g_output[index] if index < len(self._g_output) else None
        if given is None:
            raise Caffe2Error(
                f"{describe(self._op)}: the gradient of its output '{self.O(index)}' is not "
                "provided; expected the name of a blob"
            )
        return str(given)

    def GI(self, index: int) -> str:
        """The blob of the gradient of an input, whose name is the input's and ``_grad``."""
        name = f"{self.I(index)}_grad"
        self._g_input[index] = name
        return name

    def passes(self, index: int, blob: str) -> None:
        """Say that an existing blob is the gradient of an input."""
        self._g_input[index] = blob

    def add(self, type_: str, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Add a gradient operator, with the device option, engine and arguments of its operator."""
        made = caffe2_pb2.OperatorDef(
            type=type_, name="", input=inputs, output=outputs, is_gradient_op=True
        )
        made.arg.extend(self._op.arg)
        if self._op.HasField("device_option"):
            made.device_option.CopyFrom(self._op.device_option)
        if self._op.HasField("engine"):
            made.engine = self._op.engine
        self._made.append(made)

    def result(self) -> Gradients:
        """What a gradient maker returns."""
        return self._made, self._g_input
