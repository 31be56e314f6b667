"""Writes Mish as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import onnx
from onnx import TensorProto, helper


class Tape:
    """Collects new nodes for one graph and gives each node and value a name not yet taken.

    Attributes:
        nodes: The nodes made so far, in order.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        """Start with the names that the graph has already."""
        self._taken = set(taken)
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

    def op(self, op: str, *inputs: str, stem: str, output: str = "", **attributes: int) -> str:
        """Append a node and return the name of its output, a fresh one unless given."""
        name = self.fresh(f"{stem}/mish/{op}")
        output = output or name
        node = helper.make_node(op, inputs, [output], name=name)
        node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
        self.nodes.append(node)
        return output


def sigmoid(tape: Tape, x: str, y: str, kind: int) -> None:
    """Append nodes for ``y = mish(x)`` in standard operators of opset 7 and up, with one Exp.

    tanh(softplus(x)) = n / (n + 2) with e = exp(x), n = e (e + 2), so y = x / (1 + 2/n). That
    is the sigmoid of ln(n/2), hence the form's name. The operator Sigmoid itself is avoided:
    left of -5, ONNX Runtime's was seen to be off by up to 1.4e-7, so that no digit of it is
    right below x = -16, while its Exp kept its relative error under 1e-7. Of the accurate
    forms this one has the fewest operators, for it needs no clamp: where e overflows, 2/n is 0
    and y = x; where e is so small that 2/n overflows, y = -0.

    In float16 and bfloat16 those two could happen within the range that matters, so there the
    whole runs in float32. On CPU that costs no time.

    The far left is not exact. In float32, y is -0 left of x = -88.72, where Mish is at most
    2.7e-37 in size. At -inf Mish is -0 but y is NaN, as it is in ONNX Runtime with the op Mish
    and with Softplus, Tanh, Mul. Two clamps and Softsign in place of the divisions cure both, but
    made a network of convolutions 7 % slower. The figures are in benchmarks/results/onnx-forms.md.

    Args:
        tape: Where the nodes go.
        x: Name of the input.
        y: Name of the output.
        kind: ONNX element type of both.
    """
    narrow = kind in (TensorProto.FLOAT16, TensorProto.BFLOAT16)
    inner = TensorProto.FLOAT if narrow else kind
    if narrow:
        x = tape.op("Cast", x, stem=y, to=inner)
    one, two = tape.constant(1.0, inner), tape.constant(2.0, inner)
    e = tape.op("Exp", x, stem=y)
    n = tape.op("Mul", e, tape.op("Add", e, two, stem=y), stem=y)
    divisor = tape.op("Add", tape.op("Div", two, n, stem=y), one, stem=y)
    if narrow:
        tape.op("Cast", tape.op("Div", x, divisor, stem=y), stem=y, output=y, to=kind)
    else:
        tape.op("Div", x, divisor, stem=y, output=y)


KINDS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
"""The ONNX element types that Mish is defined for."""

FORMS: dict[str, Callable[[Tape, str, str, int], None]] = {"sigmoid": sigmoid}
"""Each form by name: a function that appends its nodes to a tape."""
