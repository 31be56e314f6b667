"""Finds the places where a model computes Mish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike

import onnx

from mish.onnx.files import as_model


@dataclass(frozen=True)
class Site:
    """One place where a model computes Mish.

    Attributes:
        spelling: How it is written, a key of ``SPELLINGS``.
        input: Name of the value that Mish is applied to.
        output: Name of the value that holds the result.
        node: Name of the node that makes ``output``; may be empty.
    """

    spelling: str
    input: str
    output: str
    node: str


def find(model: onnx.ModelProto | str | PathLike[str]) -> list[Site]:
    """List the places where the main graph of a model computes Mish.

    Args:
        model: A model, or the path of one. Weights kept in other files are not read.

    Returns:
        The sites in the order of the graph's nodes.

    Raises:
        ModelError: If the path holds no readable ONNX model.
    """
    return find_in(as_model(model).graph)


def find_in(graph: onnx.GraphProto) -> list[Site]:
    """List the sites of one graph, subgraphs left out."""
    makers = Makers(graph)
    sites = []
    for node in graph.node:
        if not node.output:
            continue
        for spelling, match in SPELLINGS.items():
            x = match(node, makers)
            if x is not None:
                sites.append(Site(spelling, x, node.output[0], node.name))
                break
    return sites


class Makers:
    """Looks up which node of a graph makes a value."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        """Index the nodes of ``graph``."""
        self._node = {name: node for node in graph.node for name in node.output if name}

    def argument(self, name: str, op: str) -> str | None:
        """The input of the one-input standard operator ``op`` that makes ``name``, if it does."""
        node = self._node.get(name)
        if node is None or not is_standard(node, op) or len(node.input) != 1:
            return None
        return str(node.input[0])


def is_standard(node: onnx.NodeProto, op: str) -> bool:
    """Whether a node is the operator ``op`` of ONNX itself, not a namesake of another domain."""
    return node.op_type == op and node.domain in ("", "ai.onnx")


def _mish(node: onnx.NodeProto, makers: Makers) -> str | None:
    return str(node.input[0]) if is_standard(node, "Mish") and len(node.input) == 1 else None


def _softplus_tanh_mul(node: onnx.NodeProto, makers: Makers) -> str | None:
    if not is_standard(node, "Mul") or len(node.input) != 2:
        return None
    left, right = map(str, node.input)
    for x, factor in ((left, right), (right, left)):
        softplus = makers.argument(factor, "Tanh")
        if softplus is not None and makers.argument(softplus, "Softplus") == x:
            return x
    return None


SPELLINGS: dict[str, Callable[[onnx.NodeProto, Makers], str | None]] = {
    "Mish": _mish,
    "Softplus, Tanh, Mul": _softplus_tanh_mul,
}
"""Each way to write Mish, with a function from the node that would end it to Mish's input."""
