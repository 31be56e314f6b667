"""Reads and writes model files, with the weights that they keep in other files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import onnx
from google.protobuf.message import (  # type: ignore[import-untyped]
    DecodeError,
    EncodeError,
)
from onnx.external_data_helper import set_external_data, uses_external_data

from mish._files import replacing

# Runtimes map weights into memory, which can only start at a multiple of a page.
_PAGE = 4096
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
        if path.stat().st_size > _MOST:
            raise ModelError(f"{path} is over 2 GB, more than ONNX allows without external data")
        data = path.read_bytes()
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
        source = _source(tensor, path.parent)[0].resolve()
        if not any(source.is_relative_to(home) for home in homes):
            raise ModelError(
                f"the external data of {tensor.name!r} is a link to {source}; "
                "it must lie in the model's folder or below"
            )
    return model


def write(
    model: onnx.ModelProto, path: Path, folder: Path | None, same: Path | None = None
) -> None:
    """Write a model whole or not at all.

    External data that already lies in the folder of ``path`` is shared, for rewriting does not
    change it. From any other folder it is copied to one file next to ``path``, with the suffix
    ``.data`` added to the model's name.

    Args:
        model: The model.
        path: Where to write it. An existing file is replaced.
        folder: What the locations of the model's external data are relative to.
        same: A file that holds just this model. Its bytes are copied if no data has to move.

    Raises:
        ModelError: If the target cannot be written, holds the given model's external data, or
            the model is over 2 GB, which is more than ONNX allows without external data.
    """
    weights = path.with_name(path.name + ".data")
    tensors = list(external_tensors(model))
    try:
        copied = bool(tensors) and not (folder is not None and path.parent.samefile(folder))
        targets = [target for target in (path, weights)[: 1 + copied] if target.exists()]
        for tensor in tensors:
            source, _, _ = _source(tensor, folder or Path())
            if any(target.samefile(source) for target in targets):
                raise ModelError(f"writing {path} would overwrite the input's weights in {source}")
        if not copied:
            with replacing(path) as file:
                if same is None:
                    file.write(serialize(model))
                else:
                    with same.open("rb") as old:
                        shutil.copyfileobj(old, file)
            return
        moved = onnx.ModelProto()
        moved.CopyFrom(model)
        with replacing(path) as file, replacing(weights) as data:
            _gather(list(external_tensors(moved)), folder or Path(), weights.name, data)
            file.write(serialize(moved))
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror or error}") from error


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


def _source(tensor: onnx.TensorProto, folder: Path) -> tuple[Path, int, int]:
    """The file, the offset in bytes and the length in bytes of a tensor's external data."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    place = entries.get("location", "")
    try:
        offset = int(entries.get("offset", 0))
        told = int(entries["length"]) if "length" in entries else None
    except ValueError as error:
        raise ModelError(
            f"the external data of {tensor.name!r} has an odd place: {error}"
        ) from error
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
    length = size - offset if told is None else told
    if min(offset, length) < 0 or size < offset + length:
        raise ModelError(f"the external data of {tensor.name!r} is cut short: {path}")
    return path, offset, length


def _gather(tensors: list[onnx.TensorProto], folder: Path, location: str, target: BinaryIO) -> None:
    """Copy the data of all tensors into one file and point the tensors there."""
    placed: dict[tuple[Path, int, int], int] = {}
    for tensor in tensors:
        source = path, offset, length = _source(tensor, folder)
        if source not in placed:
            target.seek(-target.tell() % _PAGE, os.SEEK_CUR)
            placed[source] = target.tell()
            with path.open("rb") as file:
                file.seek(offset)
                _copy_bytes(file, target, length)
        tensor.raw_data = b""  # set_external_data wants the field to be there
        set_external_data(tensor, location, placed[source], length)
        tensor.ClearField("raw_data")


def _copy_bytes(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length:
        block = source.read(min(length, 1 << 20))
        if not block:
            raise OSError("a file with external data became shorter while it was read")
        target.write(block)
        length -= len(block)
