"""An ONNX graph under construction, from operators that overwrite blobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.registry import Array
from mish.caffe2.proto import caffe2_pb2


class Graph:
    """Nodes, initializers and inputs, with what is known of each value: its type and rank.

    A blob may be written several times, a value of ONNX once, so each write makes a new value.
    The last one has the blob's own name, unless an input has it.

    Args:
        operators: the operators to be converted, in order.
        constants: blobs whose values are fixed.
        examples: examples of the blobs that come from outside; they tell types and ranks.
    """

    def __init__(
        self,
        operators: Sequence[caffe2_pb2.OperatorDef],
        constants: Mapping[str, Array],
        examples: Mapping[str, Array],
    ) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.kind: dict[str, int] = {}
        self.rank: dict[str, int] = {}
        self._constants = constants
        self._examples = examples
        self._sizes: dict[tuple[str, int], int] = {}
        self._same_rank: list[tuple[str, str]] = []
        self._inputs: list[str] = []
        self._value: dict[str, str] = {}  # the newest of each blob
        self._writes = Counter(blob for op in operators for blob in op.output)
        self._taken = {blob for op in operators for blob in (*op.input, *op.output)}

    def read(self, blob: str, kind: int = TensorProto.FLOAT) -> str:
        """The value of a blob; of the given type if it comes from outside without an example.

        The first axis of what comes from outside is left free, for it is the batch.
        """
        if blob not in self._value:
            self._value[blob] = blob
            if blob in self._constants:
                self.constant(self._constants[blob], blob)
            else:
                self._inputs.append(blob)
                self.kind[blob] = kind
                if blob in self._examples:
                    example = self._examples[blob]
                    self.kind[blob] = helper.np_dtype_to_tensor_dtype(example.dtype)
                    self.rank[blob] = example.ndim
                    for axis, size in enumerate(example.shape[1:], start=1):
                        self._sizes[blob, axis] = size
        return self._value[blob]

    def write(self, blob: str) -> str:
        """A name for the next value of a blob."""
        self._writes[blob] -= 1
        last = self._writes[blob] == 0 and blob not in (*self._inputs, *self._constants)
        self._value[blob] = blob if last else self.fresh(blob)
        return self._value[blob]

    def fresh(self, stem: str) -> str:
        """A name that nothing has."""
        count = 1
        while f"{stem}_{count}" in self._taken:
            count += 1
        self._taken.add(f"{stem}_{count}")
        return f"{stem}_{count}"

    def constant(self, array: Array, name: str) -> str:
        """Add an initializer."""
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        self.kind[name] = self.initializers[-1].data_type
        self.rank[name] = array.ndim
        self._sizes.update({(name, axis): size for axis, size in enumerate(array.shape)})
        return name

    def number(self, value: float, like: str) -> str:
        """Add a number of the type of a value."""
        dtype = helper.tensor_dtype_to_np_dtype(self.kind[like])
        return self.constant(np.array(value, dtype), self.fresh(f"{like}/number"))

    def integers(self, values: Iterable[int], stem: str) -> str:
        """Add a vector of int64."""
        return self.constant(np.array([*values], np.int64), self.fresh(f"{stem}/shape"))

    def add(
        self,
        op: str,
        *inputs: str,
        output: str = "",
        rank: int | str | None = None,
        kind: int | None = None,
        **attributes: Any,
    ) -> str:
        """Append a node.

        Args:
            op: its operator.
            inputs: its inputs. Its output has the type of the first.
            output: the name of its output; made up unless given.
            rank: of its output; a name says that it is that value's; as the first input's unless
                given.
            kind: the type of its output, if not that of the first input.
            attributes: its attributes.

        Returns:
            The name of its output.
        """
        output = output or self.fresh(f"{inputs[0]}/{op}")
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        self.kind[output] = self.kind[inputs[0]] if kind is None else kind
        if isinstance(rank, int):
            self.rank[output] = rank
        else:
            self.same_rank(output, rank or inputs[0])
        return output

    def add_many(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """Append a node whose outputs have the type and the rank of its first input."""
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))
        for output in outputs:
            self.kind[output] = self.kind[inputs[0]]
            self.same_rank(output, inputs[0])

    def same_rank(self, first: str, second: str) -> None:
        """Say that two values have the same rank."""
        self._same_rank.append((first, second))
        self._spread()

    def rank_of(self, value: str, usual: int) -> int:
        """The rank of a value; if nothing tells, it is the usual one from now on."""
        if value not in self.rank:
            self.rank[value] = usual
            self._spread()
        return self.rank[value]

    def size(self, value: str, axis: int) -> int | None:
        """The length of an axis, if it is known."""
        return self._sizes.get((value, axis))

    def require_size(self, value: str, axis: int, size: int | None) -> None:
        """Say how long an axis must be."""
        if size is not None:
            self._sizes.setdefault((value, axis), size)

    def _spread(self) -> None:
        changed = True
        while changed:
            changed = False
            for pair in self._same_rank:
                for one, other in (pair, pair[::-1]):
                    if one in self.rank and other not in self.rank:
                        self.rank[other] = self.rank[one]
                        changed = True

    def finish(self, name: str, outputs: Sequence[str]) -> onnx.GraphProto:
        """Make the graph.

        Raises:
            Caffe2Error: the rank of an input or output is not known.
        """
        return helper.make_graph(
            self.nodes,
            name,
            [self._described(blob, blob) for blob in self._inputs],
            [self._described(self.read(blob), blob) for blob in outputs],
            self.initializers,
        )

    def _described(self, value: str, blob: str) -> onnx.ValueInfoProto:
        if value not in self.rank:
            raise Caffe2Error(
                f"nothing in the net tells how many axes the blob '{blob}' has; give an example of "
                "the net's input (--input on the command line)"
            )
        shape = [
            self._sizes.get((value, axis), f"{blob}_{axis}") for axis in range(self.rank[value])
        ]
        return helper.make_tensor_value_info(value, self.kind[value], shape)
