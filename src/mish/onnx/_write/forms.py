"""Writes Mish as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from onnx import TensorProto

from mish.onnx._prove.operators import HALVES, NATIVE_DOMAIN
from mish.onnx._write.nodes import NodeWriter


def sigmoid(writer: NodeWriter, x: str, y: str, kind: int, opset: int) -> None:
    """Append nodes for ``y = mish(x)`` in standard operators of opset 7 and up, with one Exp.

    tanh(softplus(x)) = n / (n + 2) with e = exp(x), n = e (e + 2), so y = x / (1 + 2/n). That
    is the sigmoid of ln(n/2), hence the form's name. The operator Sigmoid itself is avoided:
    left of -5, ONNX Runtime's was seen to be off by up to 1.4e-7, so that no digit of it is
    right below x = -16, while its Exp kept its relative error under 1e-7. Of the accurate
    forms this one has the fewest operators, for it needs no clamp: where e overflows, 2/n is 0
    and y = x; where e is so small that 2/n overflows, y = -0.

    It is written x / (1 - (-2 / (e - -2)) / e) because ONNX Runtime's quantiser takes every Add
    and Mul, and 2/n, which grows as exp(-2x), does not survive eight bits. Exp, Sub and Div it
    leaves alone, so a model that is quantised afterwards keeps its Mish. Dividing by e last
    keeps the quotient finite as far left as the product n would.

    In float16 and bfloat16 those two could happen within the range that matters, so there the
    whole runs in float32. On CPU that costs no time.

    The far left is not exact. In float32, y is -0 left of x = -88.72, where Mish is at most
    2.7e-37 in size. At -inf Mish is -0 but y is NaN, as it is in ONNX Runtime with the op Mish
    and with Softplus, Tanh, Mul. Two clamps and Softsign in place of the divisions cure both, but
    made a network of convolutions 7 % slower. The figures are in benchmarks/results/onnx-forms.md.

    Args:
        writer: Where the nodes go.
        x: Name of the input.
        y: Name of the output.
        kind: ONNX element type of both.
        opset: Version of the standard operators.
    """
    with writer.inside(x, y, kind, TensorProto.FLOAT if kind in HALVES else kind) as (a, b, inner):
        one, minus_two = writer.constant(1.0, inner), writer.constant(-2.0, inner)
        e = writer.op("Exp", a, stem=y)
        factor = writer.op("Div", minus_two, writer.op("Sub", e, minus_two, stem=y), stem=y)
        divisor = writer.op("Sub", one, writer.op("Div", factor, e, stem=y), stem=y)
        writer.op("Div", a, divisor, stem=y, output=b)


def op(writer: NodeWriter, x: str, y: str, kind: int, opset: int) -> None:
    """Append the operator Mish, of opset 18; before opset 22 it knows no bfloat16.

    The arguments are those of :func:`sigmoid`.
    """
    narrow = kind == TensorProto.BFLOAT16 and opset < 22
    with writer.inside(x, y, kind, TensorProto.FLOAT if narrow else kind) as (a, b, _):
        writer.op("Mish", a, stem=y, output=b)


def softplus(writer: NodeWriter, x: str, y: str, kind: int, opset: int) -> None:
    """Append Softplus, Tanh, Mul, of opset 7 and up; before opset 22 not all know bfloat16.

    The arguments are those of :func:`sigmoid`.
    """
    narrow = kind == TensorProto.BFLOAT16 and opset < 22
    with writer.inside(x, y, kind, TensorProto.FLOAT if narrow else kind) as (a, b, _):
        tanh = writer.op("Tanh", writer.op("Softplus", a, stem=y), stem=y)
        writer.op("Mul", a, tanh, stem=y, output=b)


def native(writer: NodeWriter, x: str, y: str, kind: int, opset: int) -> None:
    """Append the operator Mish of this package's own domain.

    The arguments are those of :func:`sigmoid`.
    """
    writer.op("Mish", x, stem=y, output=y, domain=NATIVE_DOMAIN)


class Form(NamedTuple):
    """A way to write Mish.

    Attributes:
        write: Appends the nodes.
        opset: The oldest version of the standard operators in which it can be written.
        spelling: The operators that it is written with, as a site tells them.
        what: A few words about it.
        advice: What to know before a model with it is quantised, if anything.
    """

    write: Callable[[NodeWriter, str, str, int, int], None]
    opset: int
    spelling: str
    what: str
    advice: str | None = None


# From opset 7 on, an operator broadcasts its inputs as NumPy does. The forms need that.
FORMS: dict[str, Form] = {
    "sigmoid": Form(
        sigmoid,
        7,
        "Exp, Sub, Div, Div, Sub, Div",
        "standard operators, the fastest in ONNX Runtime on CPU",
        "to quantise it: ONNX Runtime's quantize_static leaves this Mish whole; for quantisers "
        "that take other operators use --form op",
    ),
    "op": Form(
        op,
        18,
        "Mish",
        "the operator Mish, for runtimes with a kernel for it, such as OpenVINO and TensorRT",
    ),
    "softplus": Form(
        softplus, 7, "Softplus, Tanh, Mul", "three operators, for tools that fuse only those"
    ),
    "native": Form(
        native,
        8,
        f"{NATIVE_DOMAIN}.Mish",
        "this package's kernel in ONNX Runtime, with a fallback elsewhere",
        "to quantise it: quantise the form sigmoid and then write this one; preparing a model for "
        "the quantiser replaces the kernel by the fallback",
    ),
}
"""Each form by name."""
