"""Puts new nodes in the place of matches, scope by scope, and removes what nothing reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import onnx

from mish.onnx._find.site import Match
from mish.onnx._model.scopes import Scope, names_read
from mish.onnx._write.nodes import NodeWriter

Write = Callable[[NodeWriter, Match, int], None]
"""Appends what stands for a match, given the version of the standard operators."""


def rewrite(scopes: list[Scope], matches: list[Match], write: Write, opsets: list[int]) -> None:
    """Rewrite matches of a model in place.

    Args:
        scopes: All scopes of the model, each before those in it.
        matches: What to rewrite, each in one of the scopes.
        write: Writes what is to stand in its place.
        opsets: For each scope, the version of the standard operators.
    """
    taken = {name for scope in scopes for name in _names(scope)}
    found: dict[int, dict[str, Match]] = {}
    for match in matches:
        found.setdefault(id(match.scope), {})[match.site.output] = match
    released: list[str] = []
    for scope, opset in reversed(list(zip(scopes, opsets, strict=True))):
        here = found.get(id(scope))
        if here or released:
            released = _rewrite_scope(scope, here or {}, released, write, opset, taken)
        if scope.outer is None:
            released = []


def _rewrite_scope(
    scope: Scope,
    matches: dict[str, Match],
    released: list[str],
    write: Write,
    opset: int,
    taken: set[str],
) -> list[str]:
    """Rewrite the matches of a scope and remove what nothing reads any more.

    Takes the values that the scopes in it need no longer, and returns those made elsewhere that
    this scope needs no longer.
    """
    body = scope.body
    old = list(body.node)
    ends = {scope.makers[name][0]: match for name, match in matches.items()}
    released += [name for position in ends for name in scope.reads[position]]
    for position in scope.nests:  # the scopes in it have changed
        scope.reads[position] = names_read([old[position]])
    reads = Counter(chain.from_iterable(scope.reads))
    for position in ends:
        reads.subtract(scope.reads[position])
    reads.update(scope.results)
    reads.update(match.site.input for match in ends.values())
    unread, elsewhere = _unread(scope, ends, reads, released)
    gone = {name for position in unread for name in old[position].output}
    if isinstance(body, onnx.GraphProto):
        constants = {name for name in elsewhere if not reads[name]}
        constants.difference_update(value.name for value in body.input)
        _forget(body.initializer, constants, lambda tensor: tensor.name)
        gone |= constants
    writer = NodeWriter(taken)
    new: list[onnx.NodeProto] = []
    for position, node in enumerate(old):
        if position in unread:
            continue
        if position in ends:
            new += _written(ends[position], node, writer, write, opset)
        else:
            new.append(node)
    del body.node[:]
    body.node.extend(writer.constants + new)
    _forget(body.value_info, gone, lambda value: value.name)
    if isinstance(body, onnx.GraphProto):
        _forget(body.quantization_annotation, gone, lambda note: note.tensor_name)
    return elsewhere


def _written(
    match: Match, old: onnx.NodeProto, writer: NodeWriter, write: Write, opset: int
) -> list[onnx.NodeProto]:
    """What stands in the place of a match's last node."""
    start = len(writer.nodes)
    write(writer, match, opset)
    last = writer.nodes[-1]
    last.name = old.name
    last.doc_string = old.doc_string
    last.metadata_props.extend(old.metadata_props)
    return writer.nodes[start:]


def _unread(
    scope: Scope, ends: dict[int, Match], reads: Counter[str], released: list[str]
) -> tuple[set[int], list[str]]:
    """Which nodes made the released values and only them, back to the first value still read.

    Returns their positions, and the released values that are made elsewhere. Takes off ``reads``,
    how often each value is read, what these nodes did.
    """
    unread: set[int] = set()
    elsewhere: list[str] = []
    while released:
        name = released.pop()
        made = scope.makers.get(name)
        if made is None:
            elsewhere.append(name)
            continue
        position, node = made
        if position not in unread and not any(reads[each] for each in node.output):
            unread.add(position)
            gone = [ends[position].site.input] if position in ends else scope.reads[position]
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


def _names(scope: Scope) -> Iterator[str]:
    """Every name of a value or a node in a scope."""
    body = scope.body
    if isinstance(body, onnx.GraphProto):
        for values in (body.input, body.output, body.initializer):
            yield from (value.name for value in values)
        yield from (sparse.values.name for sparse in body.sparse_initializer)
    else:
        yield from (*body.input, *body.output)
    yield from scope.makers
    yield from chain.from_iterable(scope.reads)
    yield from (node.name for node in body.node)
