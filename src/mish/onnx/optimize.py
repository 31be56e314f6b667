"""Rewrites the Mish of a model to another form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import onnx

from mish.onnx.files import ModelError, as_model, write
from mish.onnx.forms import FORMS, KINDS, Tape
from mish.onnx.match import Site, find_in
from mish.onnx.skeleton import check, element_types

# From opset 7 on, an operator broadcasts its inputs as NumPy does. The forms need that.
_OLDEST_OPSET = 7


@dataclass(frozen=True)
class Report:
    """What :func:`optimize` did.

    Attributes:
        model: The new model. External data stays where it was.
        form: The form that Mish has now.
        rewritten: The sites that were rewritten.
        skipped: The sites that were left as they are, each with the reason.
        folder: What the locations of the model's external data are relative to, if known.
    """

    model: onnx.ModelProto
    form: str
    rewritten: tuple[Site, ...]
    skipped: tuple[tuple[Site, str], ...]
    folder: Path | None

    def save(self, path: str | PathLike[str]) -> None:
        """Write the new model whole or not at all, replacing an existing file.

        External data is shared if it lies in the folder of ``path``, and else copied to one
        file next to it, named like the model with ``.data`` added.

        Raises:
            ModelError: If the file cannot be written.
        """
        write(self.model, Path(path), self.folder)


def optimize(model: onnx.ModelProto | str | PathLike[str], form: str = "sigmoid") -> Report:
    """Rewrite every Mish in the main graph of a model.

    Nothing else changes: other nodes, weights, names, types, documentation and metadata are
    kept. What a rewritten Mish no longer needs is removed, unless something else reads it.

    At -inf the new Mish gives NaN, not -0, as the old one does in ONNX Runtime. In float32 it
    gives -0 left of -88.72, where Mish is at most 2.7e-37 in size.

    Args:
        model: A model, which is not changed, or the path of one.
        form: ``"sigmoid"``, standard operators only (opset 7 and up), the fastest measured in
            ONNX Runtime on CPU.

    Returns:
        A report that holds the new model. If there is no Mish, its model equals the given one.

    Raises:
        ValueError: If there is no such form.
        ModelError: If the model cannot be read, breaks ONNX's rules, or its opset is too old.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    folder = None if isinstance(model, onnx.ModelProto) else Path(model).parent
    new = onnx.ModelProto()
    new.CopyFrom(as_model(model))
    check(new)
    rewritten: list[Site] = []
    skipped: list[tuple[Site, str]] = []
    sites = find_in(new.graph)
    if sites:
        _require_opset(new)
        types = element_types(new)
        for site in sites:
            if types.get(site.input) in KINDS:
                rewritten.append(site)
            else:
                skipped.append((site, "the element type of its input is not known"))
        _rewrite(new.graph, {site.output: site for site in rewritten}, types, form)
        check(new)
    return Report(new, form, tuple(rewritten), tuple(skipped), folder)


def _require_opset(model: onnx.ModelProto) -> None:
    version = max(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if version < _OLDEST_OPSET:
        raise ModelError(
            f"the model's opset is {version}, the oldest that can be rewritten is "
            f"{_OLDEST_OPSET}; raise it with onnx.version_converter.convert_version"
        )


def _rewrite(
    graph: onnx.GraphProto, sites: dict[str, Site], types: dict[str, int], form: str
) -> None:
    tape = Tape(_names(graph))
    nodes: list[onnx.NodeProto] = []
    released: list[str] = []
    for node in graph.node:
        site = sites.get(node.output[0]) if node.output else None
        if site is None:
            nodes.append(node)
            continue
        start = len(tape.nodes)
        FORMS[form](tape, site.input, site.output, types[site.input])
        last = tape.nodes[-1]
        last.name = node.name
        last.doc_string = node.doc_string
        last.metadata_props.extend(node.metadata_props)
        nodes.extend(tape.nodes[start:])
        released.extend(node.input)
    nodes = _without_unread(tape.constants + nodes, graph, released)
    del graph.node[:]
    graph.node.extend(nodes)
    _forget_missing_values(graph)


def _without_unread(
    nodes: list[onnx.NodeProto], graph: onnx.GraphProto, released: list[str]
) -> list[onnx.NodeProto]:
    """Remove what made the released values and only them, back to the first value still read."""
    reads = Counter(_reads(nodes))
    reads.update(output.name for output in graph.output)
    makers = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    unread: set[int] = set()
    while released:
        index = makers.get(released.pop())
        if index is None or index in unread or any(reads[name] for name in nodes[index].output):
            continue
        unread.add(index)
        reads.subtract(_reads([nodes[index]]))
        released.extend(nodes[index].input)
    return [node for index, node in enumerate(nodes) if index not in unread]


def _reads(nodes: Iterable[onnx.NodeProto]) -> Iterator[str]:
    """Each name that the nodes read, once for each time, their subgraphs included."""
    for node in nodes:
        yield from node.input
        for graph in _subgraphs(node):
            yield from _reads(graph.node)


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    """Every name of a value or a node in a graph, its subgraphs included."""
    for values in (graph.input, graph.output, graph.initializer):
        yield from (value.name for value in values)
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        yield from (node.name, *node.input, *node.output)
        for subgraph in _subgraphs(node):
            yield from _names(subgraph)


def _subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _forget_missing_values(graph: onnx.GraphProto) -> None:
    """Drop what the graph says about values that it no longer has."""
    names = set(_names(graph))
    for index in reversed(range(len(graph.value_info))):
        if graph.value_info[index].name not in names:
            del graph.value_info[index]
    for index in reversed(range(len(graph.quantization_annotation))):
        if graph.quantization_annotation[index].tensor_name not in names:
            del graph.quantization_annotation[index]
