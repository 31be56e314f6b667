"""Writes Mish, and Mish of a scale, as ONNX nodes.

Mish of a scale k is mish(k x) / k, which is x tanh(softplus(k x)). Forms that know x beside k x can
be written with k x in the place of x in the factor alone, and where k x overflows they are still x.
Where there is but an operator Mish, :func:`_around` sees to that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from onnx import TensorProto

from mish.onnx._find.site import Match
from mish.onnx._prove.half import spelling
from mish.onnx._prove.operators import HALVES, NATIVE_DOMAIN
from mish.onnx._write.half import write_half
from mish.onnx._write.nodes import NodeWriter

_STRAIGHT = 20.0  # right of it Mish is its argument, in float64 too
_FLAT, _FLAT_DOUBLE = -120.0, -800.0  # left of it Mish is -0


def sigmoid(writer: NodeWriter, x: str, y: str, kind: int, opset: int, scale: float = 1.0) -> None:
    """Append nodes for ``y = mish(scale * x) / scale`` with one Exp.

    They are standard operators of opset 7 and up. Without the scale:

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
        scale: The scale, positive.
    """
    with writer.inside(x, y, kind, TensorProto.FLOAT if kind in HALVES else kind) as (a, b, inner):
        one, minus_two = writer.constant(1.0, inner), writer.constant(-2.0, inner)
        e = writer.op("Exp", _times(writer, a, y, scale, inner), stem=y)
        factor = writer.op("Div", minus_two, writer.op("Sub", e, minus_two, stem=y), stem=y)
        divisor = writer.op("Sub", one, writer.op("Div", factor, e, stem=y), stem=y)
        writer.op("Div", a, divisor, stem=y, output=b)


def logistic(writer: NodeWriter, x: str, y: str, kind: int, opset: int, scale: float = 1.0) -> None:
    """Append nodes of opset 7 and up with one Sigmoid.

    With s = sigmoid(x) and t = s (2 - s), tanh(softplus(x)) = t / (2 - t). Nothing overflows and
    nothing cancels, so it is as right as the runtime's own Sigmoid is left of zero. Runtimes that
    bound the argument of Exp, or have a fast Sigmoid, do better by it than by :func:`sigmoid`.
    Half precision is computed in float32, as there. The arguments are those of :func:`sigmoid`.
    """
    with writer.inside(x, y, kind, TensorProto.FLOAT if kind in HALVES else kind) as (a, b, inner):
        two = writer.constant(2.0, inner)
        s = writer.op("Sigmoid", _times(writer, a, y, scale, inner), stem=y)
        t = writer.op("Mul", s, writer.op("Sub", two, s, stem=y), stem=y)
        factor = writer.op("Div", t, writer.op("Sub", two, t, stem=y), stem=y)
        writer.op("Mul", a, factor, stem=y, output=b)


def op(writer: NodeWriter, x: str, y: str, kind: int, opset: int, scale: float = 1.0) -> None:
    """Append the operator Mish, of opset 18; before opset 22 it knows no bfloat16.

    The arguments are those of :func:`sigmoid`.
    """
    narrow = kind == TensorProto.BFLOAT16 and opset < 22
    wanted = TensorProto.FLOAT if narrow else inner_kind(kind, scale)
    with writer.inside(x, y, kind, wanted) as (a, b, inner):
        _around(writer, a, b, inner, scale, "")


def softplus(writer: NodeWriter, x: str, y: str, kind: int, opset: int, scale: float = 1.0) -> None:
    """Append Softplus, Tanh, Mul, of opset 7 and up; before opset 22 not all know bfloat16.

    The arguments are those of :func:`sigmoid`.
    """
    narrow = kind == TensorProto.BFLOAT16 and opset < 22
    wanted = TensorProto.FLOAT if narrow else inner_kind(kind, scale)
    with writer.inside(x, y, kind, wanted) as (a, b, inner):
        soft = writer.op("Softplus", _times(writer, a, y, scale, inner), stem=y)
        tanh = writer.op("Tanh", soft, stem=y)
        writer.op("Mul", a, tanh, stem=y, output=b)


def native(writer: NodeWriter, x: str, y: str, kind: int, opset: int, scale: float = 1.0) -> None:
    """Append the operator Mish of this package's own domain.

    The arguments are those of :func:`sigmoid`.
    """
    with writer.inside(x, y, kind, inner_kind(kind, scale)) as (a, b, inner):
        _around(writer, a, b, inner, scale, NATIVE_DOMAIN)


def float16(writer: NodeWriter, x: str, y: str, kind: int, opset: int, scale: float = 1.0) -> None:
    """Append Mish that is within 1 ulp of float16 where every operator rounds to that.

    bfloat16, which has not the digits of the constants, is computed in float32. The arguments are
    those of :func:`sigmoid`.
    """
    narrow = kind == TensorProto.BFLOAT16
    wanted = TensorProto.FLOAT if narrow else inner_kind(kind, scale)
    write_half(writer, x, y, kind, wanted, scale)


def inner_kind(kind: int, scale: float) -> int:
    """The type to compute Mish of a scale in, where the form has no reason for another.

    Half precision stays where the product with the scale is exact or overflows; otherwise it would
    be rounded, or become subnormal, and Mish on the left makes some units of that.
    """
    exact = scale >= 1 and math.frexp(scale)[0] == 0.5
    return TensorProto.FLOAT if kind in HALVES and not exact else kind


def _times(writer: NodeWriter, x: str, y: str, scale: float, kind: int) -> str:
    """The name of ``scale * x``."""
    return x if scale == 1 else writer.op("Mul", x, writer.constant(scale, kind), stem=y)


def _around(writer: NodeWriter, x: str, y: str, kind: int, scale: float, domain: str) -> None:
    """Append an operator Mish, between a Mul and a Div if there is a scale.

    The product of x and a scale above 1 may overflow where the result does not. So right of 20,
    where Mish is its argument, x itself is taken; and the operator, which in many a runtime gives
    NaN at -inf, sees nothing left of where Mish is -0.
    """
    inner = _times(writer, x, y, scale, kind)
    if scale == 1:
        writer.op("Mish", inner, stem=y, output=y, domain=domain)
        return
    factor, guarded = writer.constant(scale, kind), scale > 1
    bounded = inner
    if guarded:
        flat = _FLAT_DOUBLE if kind == TensorProto.DOUBLE else _FLAT
        least = writer.constant(flat, kind)
        bounded = writer.op("Max", inner, least, stem=y)
    mish = writer.op("Mish", bounded, stem=y, domain=domain)
    quotient = writer.op("Div", mish, factor, stem=y, output="" if guarded else y)
    if guarded:
        straight = writer.op("Greater", inner, writer.constant(_STRAIGHT, kind), stem=y)
        writer.op("Where", straight, x, quotient, stem=y, output=y)


class Form(NamedTuple):
    """A way to write Mish.

    Attributes:
        write: Appends the nodes.
        opset: The oldest version of the standard operators in which it can be written.
        spelling: The operators that it is written with, as a site tells them.
        scaled: Those for Mish of a scale, and its oldest opset.
        guarded: Those for Mish of a scale above 1, where that takes more.
        what: A few words about it.
        widens: Whether half precision is computed in float32.
        advice: What to know before a model with it is quantised, if anything.
    """

    write: Callable[[NodeWriter, str, str, int, int, float], None]
    opset: int
    spelling: str
    what: str
    scaled: tuple[str, int]
    guarded: str | None = None
    widens: bool = False
    advice: str | None = None

    def spelling_of(self, scale: float) -> str:
        """The operators that Mish of a scale is written with."""
        if scale == 1:
            return self.spelling
        return self.guarded if self.guarded and scale > 1 else self.scaled[0]

    def stand_in(self, writer: NodeWriter, match: Match, opset: int) -> None:
        """Append the nodes that stand for a match."""
        x, y, kind = match.site.input, match.site.output, match.output.kind
        if match.input.kind != kind:
            x = writer.op("Cast", x, stem=y, to=kind)
        self.write(writer, x, y, kind, opset, match.site.scale)

    def opset_of(self, scale: float) -> int:
        """The oldest version of the standard operators in which Mish of a scale can be written."""
        return self.opset if scale == 1 else self.scaled[1]


# From opset 7 on, an operator broadcasts its inputs as NumPy does. The forms need that.
FORMS: dict[str, Form] = {
    "sigmoid": Form(
        sigmoid,
        7,
        "Exp, Sub, Div, Div, Sub, Div",
        "standard operators, the fastest in ONNX Runtime on CPU",
        scaled=("Mul, Exp, Sub, Div, Div, Sub, Div", 7),
        widens=True,
        advice="to quantise it: ONNX Runtime's quantize_static leaves this Mish whole; for "
        "quantisers that take other operators use --form op",
    ),
    "logistic": Form(
        logistic,
        7,
        "Sigmoid, Sub, Mul, Sub, Div, Mul",
        "standard operators with one Sigmoid, for runtimes whose own is right left of zero",
        scaled=("Mul, Sigmoid, Sub, Mul, Sub, Div, Mul", 7),
        widens=True,
        advice="to quantise it: use the form sigmoid; quantisers take this one's Sigmoid and Mul",
    ),
    "op": Form(
        op,
        18,
        "Mish",
        "the operator Mish, for runtimes with a kernel for it, such as OpenVINO and OpenCV",
        scaled=("Mul, Mish, Div", 18),
        guarded="Mul, Max, Mish, Div, Greater, Where",
    ),
    "softplus": Form(
        softplus,
        7,
        "Softplus, Tanh, Mul",
        "three operators, for tools that fuse only those",
        scaled=("Mul, Softplus, Tanh, Mul", 7),
    ),
    "native": Form(
        native,
        8,
        f"{NATIVE_DOMAIN}.Mish",
        "this package's kernel in ONNX Runtime, with a fallback elsewhere",
        scaled=(f"Mul, {NATIVE_DOMAIN}.Mish, Div", 9),
        guarded=f"Mul, Max, {NATIVE_DOMAIN}.Mish, Div, Greater, Where",
        advice="to quantise it: quantise the form sigmoid and then write this one; preparing a "
        "model for the quantiser replaces the kernel by the fallback",
    ),
    "float16": Form(
        float16,
        11,
        spelling(1.0),
        "within 1 ulp where every operator runs in float16; long",
        scaled=(spelling(2.0), 11),
        advice="to quantise it: quantise the form op instead",
    ),
}
"""Each form by name."""
