"""The meaning of the operator of the form ``native``, for any element type."""

from __future__ import annotations

from onnx import TensorProto

from mish.onnx._write.forms import sigmoid
from mish.onnx._write.nodes import NodeWriter

_CAST_LIKE = 15  # the opset that brought it
_IN_FLOAT = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16}


def fallback(writer: NodeWriter, x: str, y: str, kinds: set[int], opset: int) -> None:
    """Append nodes for ``y = mish(x)`` that hold whatever the element type of ``x`` is.

    A tool may change the types of a model, to float16 as a rule, and leave its functions as they
    are. So no node here gives ``y`` a type by name.

    From opset 15 on it is the form ``sigmoid`` between a Cast and a CastLike, in float64 if any
    type may need it and else in float32, so that float16 cannot overflow. An older one has no
    CastLike, and no constant without a type, so :func:`_balanced` does without both.

    The last node is one that does something in every type. ONNX Runtime (1.32) drops a cast that
    does nothing, and if that is the last node of a function that an If with a constant condition
    calls, the graph is not acyclic any more and the session fails.

    Args:
        writer: Where the nodes go.
        x: Name of the input.
        y: Name of the output.
        kinds: The ONNX element types that the input has now; 0 for an unknown one.
        opset: Version of the standard operators, from 7 on.
    """
    if opset >= _CAST_LIKE:
        inner = TensorProto.FLOAT if kinds <= _IN_FLOAT else TensorProto.DOUBLE
        wide, result = writer.op("Cast", x, stem=y, to=inner), writer.fresh(f"{y}/mish/{inner}")
        sigmoid(writer, wide, result, inner, opset)
        if TensorProto.BFLOAT16 in kinds:  # which ONNX Runtime can cast, but not negate
            writer.op("CastLike", result, x, stem=y, output=y)
        else:
            negative = writer.op("CastLike", writer.op("Neg", result, stem=y), x, stem=y)
            writer.op("Neg", negative, stem=y, output=y)
    elif kinds == {TensorProto.BFLOAT16}:  # which ONNX Runtime can do nothing with but cast it
        sigmoid(writer, x, y, TensorProto.BFLOAT16, opset)
    else:
        _balanced(writer, x, y)


def _balanced(writer: NodeWriter, x: str, y: str) -> None:
    """Append Mish without a constant, in operators of opset 7.

    With a = exp(min(x, 0)) and b = exp(-max(x, 0)), exp(x) is a/b, and tanh(softplus(x)), which is
    n / (n + 2) for n = exp(x) (exp(x) + 2), is m / (m + 2 b^2) for m = a (a + 2 b). Neither a nor b
    exceeds 1, and one of them is 1, so nothing overflows and no digit cancels in any format.
    float32 within 5 ulp right of -87; NaN at -inf. It takes about twice as long as ``sigmoid``.
    """

    def op(name: str, *inputs: str, output: str = "") -> str:
        return writer.op(name, *inputs, stem=y, output=output)

    a = op("Exp", op("Neg", op("Relu", op("Neg", x))))
    b = op("Exp", op("Neg", op("Relu", x)))
    twice = op("Add", b, b)
    m = op("Mul", a, op("Add", a, twice))
    divisor = op("Add", m, op("Mul", b, twice))
    op("Mul", x, op("Div", m, divisor), output=y)
