"""Collects new nodes for a graph or function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import onnx
from onnx import TensorProto, helper


class NodeWriter:
    """Collects new nodes and gives each node and value a name not yet taken.

    Attributes:
        nodes: The nodes made so far, in order.
    """

    def __init__(self, taken: set[str]) -> None:
        """Start with the names that the model has already; new ones are added to them."""
        self._taken = taken
        self._constant: dict[tuple[float, int], onnx.NodeProto] = {}
        self.nodes: list[onnx.NodeProto] = []

    @property
    def constants(self) -> list[onnx.NodeProto]:
        """The shared constants made so far. They belong at the start of the graph."""
        return list(self._constant.values())

    def fresh(self, stem: str) -> str:
        """A name that starts with ``stem`` and that nothing else has."""
        name, count = stem, 1
        while name in self._taken:
            name, count = f"{stem}_{count}", count + 1
        self._taken.add(name)
        return name

    def constant(self, value: float, kind: int) -> str:
        """The name of a scalar of ONNX element type ``kind``."""
        if (value, kind) not in self._constant:
            name = self.fresh(f"mish/{value:g}/{TensorProto.DataType.Name(kind)}")
            tensor = helper.make_tensor(name, kind, [], [value])
            self._constant[value, kind] = helper.make_node(
                "Constant", [], [name], name=name, value=tensor
            )
        return str(self._constant[value, kind].output[0])

    def array(self, tensor: onnx.TensorProto, stem: str) -> str:
        """Append a Constant node for a tensor and return the name of its output."""
        name = self.fresh(stem)
        self.nodes.append(helper.make_node("Constant", [], [name], name=name, value=tensor))
        return name

    def op(
        self,
        op: str,
        *inputs: str,
        stem: str,
        output: str = "",
        domain: str = "",
        **attributes: int,
    ) -> str:
        """Append a node and return the name of its output, a fresh one unless given."""
        name = self.fresh(f"{stem}/mish/{op}")
        output = output or name
        node = onnx.NodeProto(op_type=op, input=inputs, output=[output], name=name, domain=domain)
        for key, value in attributes.items():
            node.attribute.append(helper.make_attribute(key, value))
        self.nodes.append(node)
        return output

    @contextmanager
    def inside(self, x: str, y: str, kind: int, inner: int) -> Iterator[tuple[str, str, int]]:
        """Names for an input and an output of type ``inner`` that stand for ``x`` and ``y``.

        Where ``inner`` is not ``kind``, a Cast goes before what the body appends, and one after.
        """
        if inner == kind:
            yield x, y, kind
            return
        a, b = self.op("Cast", x, stem=y, to=inner), self.fresh(f"{y}/mish/{inner}")
        yield a, b, inner
        self.op("Cast", b, stem=y, output=y, to=kind)
