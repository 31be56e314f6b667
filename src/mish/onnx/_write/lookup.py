"""Mish between a DequantizeLinear and a QuantizeLinear as a table of its 256 results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, numpy_helper

from mish.onnx._find.constants import Uniform
from mish.onnx._find.quantized import constant_at
from mish.onnx._find.site import Match
from mish.onnx._model.scopes import Scope, Value
from mish.onnx._prove.operators import is_standard
from mish.onnx._prove.proof import scaled_mish
from mish.onnx._write.nodes import NodeWriter

_BYTES: dict[int, Any] = {TensorProto.INT8: np.int8, TensorProto.UINT8: np.uint8}
_REALS: dict[int, Any] = {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16}

Table = npt.NDArray[np.generic]
Reader = onnx.NodeProto | None


class _No(Exception):
    """Says why a Mish cannot become a table."""


def as_table(match: Match, readers: Mapping[str, Sequence[Reader]]) -> tuple[Match, Table] | str:
    """The match of what lies from a DequantizeLinear to a QuantizeLinear, and its results.

    The table holds what the three make of each byte: first of those from 0 on, then, of int8, of
    the negative ones. Mish in between is exact.

    Args:
        match: A Mish.
        readers: Who reads each value of its scope.

    Returns:
        Both, or why there can be no table.
    """
    try:
        return _as_table(match, readers)
    except _No as reason:
        return str(reason)


def readers_of(scope: Scope) -> dict[str, list[Reader]]:
    """Who reads each value that a scope reads: a node, once for each time, or None: the outside."""
    readers: dict[str, list[Reader]] = {}
    for node, names in zip(scope.body.node, scope.reads, strict=True):
        for name in names:
            readers.setdefault(name, []).append(node)
    for name in scope.results:
        readers.setdefault(name, []).append(None)
    return readers


def by_row(writer: NodeWriter, x: str, y: str, table: Table) -> None:
    """Append nodes for ``y = table[x]``, where ``x`` is of 8 bits, with GatherElements.

    That wants the table and the indices in one row each. A -1 counts from the end, as it should.

    Args:
        writer: Where the nodes go.
        x: Name of the input.
        y: Name of the output.
        table: The 256 results, those of negative bytes last.
    """
    results = writer.array(numpy_helper.from_array(table), stem=f"{y}/mish/table")
    row = writer.array(numpy_helper.from_array(np.array([-1])), stem=f"{y}/mish/row")
    shape = writer.op("Shape", x, stem=y)
    index = writer.op("Cast", writer.op("Reshape", x, row, stem=y), stem=y, to=TensorProto.INT32)
    found = writer.op("GatherElements", results, index, stem=y)
    writer.op("Reshape", found, shape, stem=y, output=y, allowzero=1)


def by_gather(writer: NodeWriter, x: str, y: str, table: Table) -> None:
    """Append the same with Gather, for indices of any shape.

    The arguments are those of :func:`by_row`.
    """
    results = writer.array(numpy_helper.from_array(table), stem=f"{y}/mish/table")
    index = writer.op("Cast", x, stem=y, to=TensorProto.INT32)
    writer.op("Gather", results, index, stem=y, output=y)


class Lookup(NamedTuple):
    """A way to read a table.

    Attributes:
        write: Appends the nodes.
        opset: The oldest version of the standard operators in which it can be written: 11 brought
            indices that count from the end, 14 shapes with a 0.
        what: A few words about it.
    """

    write: Callable[[NodeWriter, str, str, Table], None]
    opset: int
    what: str


LOOKUPS = {
    "lookup": Lookup(by_row, 14, "a table of 256 results, for ONNX Runtime"),
    "lookup-gather": Lookup(by_gather, 11, "a table of 256 results, for OpenVINO"),
}
"""What to ask for instead of a form in a quantised model."""


def _as_table(match: Match, readers: Mapping[str, Sequence[Reader]]) -> tuple[Match, Table]:
    scope = match.scope
    before = scope.makers.get(match.site.input, (0, None))[1]
    if before is None or not is_standard(before, "DequantizeLinear"):
        raise _No("its input is not quantised: no DequantizeLinear makes it")
    after, *others = readers.get(match.site.output, [None])
    if after is None or others or not is_standard(after, "QuantizeLinear"):
        raise _No("its output is not read by one QuantizeLinear alone")
    (step, zero), (new_step, new_zero) = (_scale(scope, node) for node in (before, after))
    kinds = zero.kind, new_zero.kind
    if step.kind not in _REALS or any(kind not in _BYTES for kind in kinds):
        raise _No("it is not quantised to 8 bits")
    bytes_ = np.arange(256, dtype=np.uint8).view(_BYTES[kinds[0]]).astype(np.int64)
    real = _REALS[step.kind]
    x = real(step.value) * (bytes_ - int(zero.value)).astype(real)
    y = scaled_mish(x.astype(np.float64), match.site.scale) / float(new_step.value)
    limits = np.iinfo(_BYTES[kinds[1]])
    table = np.clip(np.rint(y) + int(new_zero.value), limits.min, limits.max)
    site = replace(match.site, input=before.input[0], output=after.output[0], node=after.name)
    whole = replace(
        match,
        site=site,
        input=Value(kinds[0], match.input.shape),
        output=Value(kinds[1], match.output.shape),
        nodes=(before, *match.nodes, after),
    )
    return whole, table.astype(_BYTES[kinds[1]])


def _scale(scope: Scope, node: onnx.NodeProto) -> tuple[Uniform, Uniform]:
    """The scale and the zero point of a node, where it has one of each."""
    step = constant_at(scope, node.input[1])
    if step is None or np.prod(step.shape) != 1:
        raise _No(f"the scale of {node.op_type} is not one constant number for all channels")
    if not 0 < step.value < np.inf:
        raise _No(f"the scale of {node.op_type} is {step.value}, not a positive number")
    given = node.input[2] if len(node.input) > 2 else ""
    zero = constant_at(scope, given) if given else Uniform(0, _kind(scope, node))
    if zero is None or np.prod(zero.shape) != 1:
        raise _No(f"the zero point of {node.op_type} is not one constant number for all channels")
    return step, zero


def _kind(scope: Scope, node: onnx.NodeProto) -> int:
    """The type of the bytes where no zero point tells it."""
    if is_standard(node, "DequantizeLinear"):
        return scope.known(node.input[0]).kind
    wanted = [a.i for a in node.attribute if a.name == "output_dtype"]
    return next((kind for kind in wanted if kind), TensorProto.UINT8)
