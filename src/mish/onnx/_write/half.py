"""Writes the form for arithmetic in float16."""

from __future__ import annotations

from mish._support.half import lines
from mish.onnx._write.nodes import NodeWriter


def write_half(
    writer: NodeWriter, x: str, y: str, kind: int, kind_inside: int, scale: float
) -> None:
    """Append Mish that is within 1 ulp of float16 where every operator rounds to float16.

    :mod:`mish._support.half` tells how. Every value in between is finite if the input is, but
    for the product with a scale, which may overflow. In wider types the result is as good as that
    of float16 would be, no better.

    Args:
        writer: Where the nodes go.
        x: Name of the input.
        y: Name of the output.
        kind: ONNX element type of both.
        kind_inside: The type to compute in.
        scale: The scale, positive.
    """
    with writer.inside(x, y, kind, kind_inside) as (a, b, inner):
        names = {"x": a}
        steps = lines(scale)
        for line in steps:
            inputs = (
                names[each] if isinstance(each, str) else writer.constant(each, inner)
                for each in line.operands
            )
            output = b if line is steps[-1] else ""
            names[line.name] = writer.op(line.op, *inputs, stem=y, output=output)
