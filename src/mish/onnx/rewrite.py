"""Puts new nodes in the place of matches, scope by scope, and removes what nothing reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import onnx

from mish.onnx.forms import Form
from mish.onnx.scopes import Body, Scope, all_nodes, names_read
from mish.onnx.site import Match
from mish.onnx.tape import Tape


def rewrite(scopes: list[Scope], matches: list[Match], form: Form, opsets: list[int]) -> None:
    """Rewrite matches of a model in place.

    Args:
        scopes: All scopes of the model, each before those in it.
        matches: What to rewrite, each in one of the scopes.
        form: What to write.
        opsets: For each scope, the version of the standard operators.
    """
    taken = {name for scope in scopes for name in _names(scope.body)}
    released: list[str] = []
    for scope, opset in reversed(list(zip(scopes, opsets, strict=True))):
        found = {match.site.output: match for match in matches if match.scope is scope}
        if found:
            released += _replace(scope.body, found, form, opset, taken)
        if released:
            released = _remove_unread(scope, released)
            _forget_missing_values(scope.body)
        if scope.outer is None:
            released = []


def _replace(
    body: Body, matches: dict[str, Match], form: Form, opset: int, taken: set[str]
) -> list[str]:
    """Put the form in the place of the last node of each match; return what those nodes read."""
    tape = Tape(taken)
    nodes: list[onnx.NodeProto] = []
    released: list[str] = []
    for node in body.node:
        match = matches.get(node.output[0]) if node.output else None
        if match is None:
            nodes.append(node)
            continue
        start = len(tape.nodes)
        x, y = match.site.input, match.site.output
        if match.input.kind != match.output.kind:
            x = tape.op("Cast", x, stem=y, to=match.output.kind)
        form.write(tape, x, y, match.output.kind, opset)
        last = tape.nodes[-1]
        last.name = node.name
        last.doc_string = node.doc_string
        last.metadata_props.extend(node.metadata_props)
        nodes.extend(tape.nodes[start:])
        released.extend(node.input)
    nodes = tape.constants + nodes
    del body.node[:]
    body.node.extend(nodes)
    return released


def _remove_unread(scope: Scope, released: list[str]) -> list[str]:
    """Remove what made the released values and only them, back to the first value still read.

    Returns the released values that are made elsewhere.
    """
    body = scope.body
    reads = Counter(names_read(body.node))
    reads.update(scope.results)
    makers = {name: index for index, node in enumerate(body.node) for name in node.output if name}
    unread: set[int] = set()
    elsewhere: list[str] = []
    while released:
        name = released.pop()
        index = makers.get(name)
        if index is None:
            elsewhere.append(name)
        elif index not in unread and not any(reads[each] for each in body.node[index].output):
            unread.add(index)
            gone = list(names_read([body.node[index]]))
            reads.subtract(gone)
            released.extend(gone)
    for index in sorted(unread, reverse=True):
        del body.node[index]
    if isinstance(body, onnx.GraphProto):
        kept = {value.name for value in body.input}
        unwanted = {name for name in elsewhere if not reads[name]} - kept
        for index in reversed(range(len(body.initializer))):
            if body.initializer[index].name in unwanted:
                del body.initializer[index]
    return elsewhere


def _names(body: Body) -> Iterator[str]:
    """Every name of a value or a node in a body, its subgraphs left out."""
    if isinstance(body, onnx.GraphProto):
        for values in (body.input, body.output, body.initializer):
            yield from (value.name for value in values)
        yield from (sparse.values.name for sparse in body.sparse_initializer)
    else:
        yield from (*body.input, *body.output)
    for node in body.node:
        yield from (node.name, *node.input, *node.output)


def _forget_missing_values(body: Body) -> None:
    """Drop what a body says about values that it no longer has."""
    present = set(_names(body))
    for node in all_nodes(body):
        present.update((*node.input, *node.output))
    for index in reversed(range(len(body.value_info))):
        if body.value_info[index].name not in present:
            del body.value_info[index]
    if isinstance(body, onnx.GraphProto):
        for index in reversed(range(len(body.quantization_annotation))):
            if body.quantization_annotation[index].tensor_name not in present:
                del body.quantization_annotation[index]
