"""Mish between a DequantizeLinear and a QuantizeLinear as a table of its 256 results."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import Any

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

LOOKUP = "lookup"
"""What to ask for instead of a form."""

OPSET = 11
"""The oldest version of the standard operators with an index that counts from the end."""

_BYTES: dict[int, Any] = {TensorProto.INT8: np.int8, TensorProto.UINT8: np.uint8}
_REALS: dict[int, Any] = {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16}

Table = npt.NDArray[np.generic]


class _No(Exception):
    """Says why a Mish cannot become a table."""


def as_table(match: Match) -> tuple[Match, Table] | str:
    """The match of what lies from a DequantizeLinear to a QuantizeLinear, and its results.

    The table holds what the three make of each byte: first of those from 0 on, then, of int8, of
    the negative ones. Mish in between is exact.

    Args:
        match: A Mish.

    Returns:
        Both, or why there can be no table.
    """
    try:
        return _as_table(match)
    except _No as reason:
        return str(reason)


def lookup(writer: NodeWriter, x: str, y: str, table: Table) -> None:
    """Append nodes for ``y = table[x]``, where ``x`` is of 8 bits.

    Args:
        writer: Where the nodes go.
        x: Name of the input.
        y: Name of the output.
        table: The 256 results, those of negative bytes last.
    """
    results = writer.array(numpy_helper.from_array(table), stem=f"{y}/mish/table")
    index = writer.op("Cast", x, stem=y, to=TensorProto.INT32)
    writer.op("Gather", results, index, stem=y, output=y)


def _as_table(match: Match) -> tuple[Match, Table]:
    scope = match.scope
    before = scope.makers.get(match.site.input, (0, None))[1]
    if before is None or not is_standard(before, "DequantizeLinear"):
        raise _No("its input is not quantised: no DequantizeLinear makes it")
    reads = Counter(chain(chain.from_iterable(scope.reads), scope.results))
    readers = [node for node in scope.body.node if match.site.output in node.input]
    if reads[match.site.output] != 1 or not all(is_standard(n, "QuantizeLinear") for n in readers):
        raise _No("its output is not read by one QuantizeLinear alone")
    (after,) = readers
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
