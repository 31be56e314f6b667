"""What a place in a model where it computes Mish is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import onnx

from mish.onnx._model.scopes import Scope, Value, called, title

_SILENT = {"Cast", "CastLike", "Constant", "Identity"}


@dataclass(frozen=True)
class Site:
    """One place where a model computes Mish.

    Attributes:
        spelling: The operators that it is written with, in order, without casts.
        input: Name of the value that Mish is applied to.
        output: Name of the value that holds the result.
        node: Name of the node that makes ``output``; may be empty.
        graph: Where that node is: "" for the main graph, the names of the nodes and attributes
            that lead to a subgraph, or the domain, name and overload of a function of the model.
        scale: The k of mish(k x) / k, which is x tanh(softplus(k x)); 1 for Mish itself.
    """

    spelling: str
    input: str
    output: str
    node: str
    graph: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Match:
    """A site, with what rewriting it needs.

    Attributes:
        site: The site.
        scope: The scope in which its last node is.
        input: What is known of its input.
        output: What is known of its output.
        nodes: The nodes that it consists of, in the order in which they run.
        doubt: Why it cannot be rewritten, if it cannot.
    """

    site: Site
    scope: Scope
    input: Value
    output: Value
    nodes: tuple[onnx.NodeProto, ...]
    doubt: str | None


def spelling(nodes: Iterable[onnx.NodeProto]) -> str:
    """The operators of nodes, those of other domains than ONNX's own with the domain."""
    return ", ".join(
        node.op_type if node.domain in ("", "ai.onnx") else title(called(node))
        for node in nodes
        if node.op_type not in _SILENT
    )
