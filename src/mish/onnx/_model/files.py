"""Reads model files, and finds the weights that they keep in other files."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import onnx
from google.protobuf.message import (  # type: ignore[import-untyped]
    DecodeError,
    EncodeError,
)
from onnx import helper
from onnx.external_data_helper import uses_external_data

from mish._support.files import open_regular

_PACKED = {"UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4, "UINT2": 2, "INT2": 2}  # bits of an element
_MOST = (1 << 31) - 1  # bytes of one message


class ModelError(ValueError):
    """A model or an input that cannot be worked on. The message names it and the remedy."""


def first_line(error: Exception) -> str:
    """What an error of another library says, without its details."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextmanager
def legible() -> Iterator[None]:
    """Turn the failure to read a text of a model, which can be anywhere, into a clear error."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise ModelError(f"the model has a text that is not UTF-8: {error.object!r}") from error


def as_model(model: onnx.ModelProto | str | PathLike[str]) -> onnx.ModelProto:
    """The model itself, read if ``model`` is a path."""
    return model if isinstance(model, onnx.ModelProto) else read(Path(model))


def read(path: Path) -> onnx.ModelProto:
    """Read a model. Weights in other files stay there, but they must be there in full.

    Raises:
        ModelError: If the file cannot be read, is no ONNX model, or lacks its external data.
    """
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > _MOST:
                raise ModelError(
                    f"{path} is over 2 GB, more than ONNX allows without external data"
                )
            data = file.read()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    if not data:
        raise ModelError(f"{path} is empty")
    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise ModelError(f"{path} is not an ONNX model, or it is truncated or damaged") from error
    if not model.opset_import or not model.graph.output:
        raise ModelError(f"{path} is not an ONNX model, or it is truncated: it has no outputs")
    # a model that is a link, as in a cache of downloads, may have its weights beside its target
    homes = {path.parent.resolve(), path.resolve().parent}
    for tensor in external_tensors(model):
        source = place_of(tensor, path.parent).path.resolve()
        if not any(source.is_relative_to(home) for home in homes):
            raise ModelError(
                f"the external data of {tensor.name!r} is a link to {source}; "
                "it must lie in the model's folder or below"
            )
    return model


def serialize(model: onnx.ModelProto) -> bytes:
    """The bytes of a model.

    Raises:
        ModelError: If there are more than 2 GB of them.
    """
    try:
        return bytes(model.SerializeToString())
    except (EncodeError, ValueError) as error:
        raise ModelError("the model is over 2 GB; keep its weights in external data") from error


def all_tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every constant tensor of a model, in every scope."""
    yield from _tensors(model.graph)
    yield from _node_tensors([node for function in model.functions for node in function.node])


def external_tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor of a model whose data lies in another file."""
    return (tensor for tensor in list(all_tensors(model)) if uses_external_data(tensor))


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _node_tensors(graph.node)


def _node_tensors(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for graph in (attribute.g, *attribute.graphs):
                yield from _tensors(graph)


class Place(NamedTuple):
    """Where the data of a tensor lies.

    Attributes:
        path: The file.
        offset: Where it starts there, in bytes.
        length: How many bytes there are.
    """

    path: Path
    offset: int
    length: int


def place_of(tensor: onnx.TensorProto, folder: Path) -> Place:
    """Where the external data of a tensor lies.

    Args:
        tensor: The tensor.
        folder: What its location is relative to.

    Raises:
        ModelError: If it does not lie in the folder, or is less than the tensor needs.
    """
    entries = {entry.key: entry.value for entry in tensor.external_data}
    for key in ("offset", "length"):
        text = entries.get(key, "0")
        if not (text.isascii() and text.isdecimal()):
            raise ModelError(
                f"the external data of {tensor.name!r} has an odd place: its {key} is {text!r}, "
                "not a number of bytes"
            )
    place = entries.get("location", "")
    location = os.path.normpath(place)
    if (
        not place
        or "\0" in place
        or os.path.isabs(location)
        or location.split(os.sep)[0] == os.pardir
    ):
        raise ModelError(
            f"the external data of {tensor.name!r} is at {place!r}; "
            "it must lie in the model's folder or below"
        )
    path = folder / location
    if not path.is_file():
        raise ModelError(
            f"the external data of {tensor.name!r} is missing: there is no file {path}. "
            "Put it next to the model"
        )
    size = path.stat().st_size
    offset = int(entries.get("offset", 0))
    length = int(entries.get("length", max(size - offset, 0)))
    if size < offset + length or length < _needed(tensor):
        raise ModelError(f"the external data of {tensor.name!r} is cut short: {path}")
    return Place(path, offset, length)


def _needed(tensor: onnx.TensorProto) -> int:
    """How many bytes the elements of a tensor take; 0 if its type is unknown."""
    try:
        name = onnx.TensorProto.DataType.Name(tensor.data_type)
        bits = _PACKED.get(name) or 8 * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    except (KeyError, ValueError):
        return 0
    return (math.prod(int(length) for length in tensor.dims) * bits + 7) // 8
