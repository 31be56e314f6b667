"""Puts new nodes in the place of matches, scope by scope, and removes what nothing reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import onnx

from mish.onnx.forms import Form
from mish.onnx.scopes import Body, Scope, names_read
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
    found: dict[int, dict[str, Match]] = {}
    for match in matches:
        found.setdefault(id(match.scope), {})[match.site.output] = match
    released: list[str] = []
    for scope, opset in reversed(list(zip(scopes, opsets, strict=True))):
        here = found.get(id(scope))
        if here or released:
            released = _rewrite_scope(scope, here or {}, released, form, opset, taken)
        if scope.outer is None:
            released = []


def _rewrite_scope(
    scope: Scope,
    matches: dict[str, Match],
    released: list[str],
    form: Form,
    opset: int,
    taken: set[str],
) -> list[str]:
    """Rewrite the matches of a scope and remove what nothing reads any more.

    Takes the values that the scopes in it need no longer, and returns those made elsewhere that
    this scope needs no longer.
    """
    body = scope.body
    nodes, read = _replace(body.node, matches, form, opset, taken)
    reads = Counter(names_read(nodes))
    reads.update(scope.results)
    unread, elsewhere = _unread(nodes, reads, [*released, *read])
    kept = [node for index, node in enumerate(nodes) if index not in unread]
    gone = {name for index in unread for name in nodes[index].output}
    if isinstance(body, onnx.GraphProto):
        constants = {name for name in elsewhere if not reads[name]}
        constants.difference_update(value.name for value in body.input)
        _forget(body.initializer, constants, lambda tensor: tensor.name)
        gone |= constants
    del body.node[:]
    body.node.extend(kept)
    _forget(body.value_info, gone, lambda value: value.name)
    if isinstance(body, onnx.GraphProto):
        _forget(body.quantization_annotation, gone, lambda note: note.tensor_name)
    return elsewhere


def _replace(
    old: Iterable[onnx.NodeProto],
    matches: dict[str, Match],
    form: Form,
    opset: int,
    taken: set[str],
) -> tuple[list[onnx.NodeProto], list[str]]:
    """The nodes with the form in the place of each match's last node; and what those nodes read."""
    tape = Tape(taken)
    nodes: list[onnx.NodeProto] = []
    released: list[str] = []
    for node in old:
        output = node.output
        match = matches.get(output[0]) if output else None
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
    return tape.constants + nodes, released


def _unread(
    nodes: list[onnx.NodeProto], reads: Counter[str], released: list[str]
) -> tuple[set[int], list[str]]:
    """Which nodes made the released values and only them, back to the first value still read.

    Returns their positions, and the released values that are made elsewhere. Takes off ``reads``,
    how often each value is read, what these nodes did.
    """
    makers = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    unread: set[int] = set()
    elsewhere: list[str] = []
    while released:
        name = released.pop()
        index = makers.get(name)
        if index is None:
            elsewhere.append(name)
        elif index not in unread and not any(reads[each] for each in nodes[index].output):
            unread.add(index)
            gone = names_read([nodes[index]])
            reads.subtract(gone)
            released.extend(gone)
    return unread, elsewhere


def _forget(entries: Any, names: set[str], name_of: Callable[[Any], str]) -> None:
    """Remove the entries of these names from a repeated field, and copy none: some are large."""
    unwanted = [name_of(each) in names for each in entries] if names else []
    end = len(unwanted)
    while end:
        start = end - 1
        while start and unwanted[start - 1] == unwanted[end - 1]:
            start -= 1
        if unwanted[start]:
            del entries[start:end]
        end = start


def _names(body: Body) -> Iterator[str]:
    """Every name of a value or a node in a body, its subgraphs left out."""
    if isinstance(body, onnx.GraphProto):
        for values in (body.input, body.output, body.initializer):
            yield from (value.name for value in values)
        yield from (sparse.values.name for sparse in body.sparse_initializer)
    else:
        yield from (*body.input, *body.output)
    for node in body.node:
        yield node.name
        yield from node.input
        yield from node.output
