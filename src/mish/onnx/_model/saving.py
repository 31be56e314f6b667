"""Writes model files, with the weights that they keep in other files."""

from __future__ import annotations

import itertools
import mmap
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx.external_data_helper import set_external_data

from mish._support.drafts import alone, destination, drafting
from mish._support.files import is_stream, replacing
from mish.onnx._model.files import ModelError, Place, external_tensors, place_of, serialize

# Runtimes map weights into memory, which can only start at a multiple of a page.
_PAGE = 4096


def write(
    model: onnx.ModelProto,
    path: Path,
    folder: Path | None,
    source: Path | None = None,
    *,
    unchanged: bool = False,
) -> None:
    """Write a model whole or not at all.

    External data that already lies in the folder of ``path`` is shared, for rewriting does not
    change it. From any other folder it is copied to one file next to ``path``.

    Args:
        model: The model.
        path: Where to write it. An existing file is replaced.
        folder: What the locations of the model's external data are relative to.
        source: The file that the model comes from, if it comes from one. A new file gets its
            permissions.
        unchanged: Whether the source holds just this model. Its bytes are copied if no data has
            to move.

    Raises:
        ModelError: If the target cannot be written, holds the given model's external data, or
            the model is over 2 GB, which is more than ONNX allows without external data.
    """
    places = [place_of(tensor, folder or Path()) for tensor in external_tensors(model)]
    try:
        for place in places:
            if path.exists() and path.samefile(place.path):
                raise ModelError(f"writing {path} would overwrite the input's weights in {path}")
        moves = bool(places) and not (folder is not None and path.parent.samefile(folder))
        mode = 0o666
        if source is not None and source.exists():
            mode &= source.stat().st_mode
        if is_stream(path):
            if moves:
                raise ModelError(
                    f"the model's weights are in other files, and {path} is no file that they "
                    "could be put next to; give the name of a regular file"
                )
            with replacing(path) as stream:
                _fill(stream, model, source if unchanged else None)
            return
        _write_file(model, path, places if moves else None, mode, source if unchanged else None)
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror or error}") from error


def _write_file(
    model: onnx.ModelProto, path: Path, moving: list[Place] | None, mode: int, same: Path | None
) -> None:
    """Write a regular file, and the weights that are to move."""
    target = destination(path)
    if moving and not target.parent.samefile(path.parent):
        raise ModelError(
            f"the model's weights have to be put next to it, and {path} is a link to another "
            f"folder; give {target}"
        )
    with drafting(path, mode) as draft:
        if moving:
            data = draft.companion(_common_mode(moving))
            offsets = _gather(moving, data)
            model, same = _moved(model, moving, offsets, draft.place(_names(target))), None
        _fill(draft.file, model, same)
        with alone(target.parent):
            draft.commit(_left_over(model, target, moving or []))


def _fill(file: BinaryIO, model: onnx.ModelProto, same: Path | None) -> None:
    if same is None:
        file.write(serialize(model))
    else:
        with same.open("rb") as old:
            shutil.copyfileobj(old, file)


def _common_mode(places: list[Place]) -> int:
    """The permissions that all the files have."""
    mode = 0o777
    for path in {place.path for place in places}:
        mode &= path.stat().st_mode
    return mode


def _gather(places: list[Place], target: BinaryIO) -> dict[Place, int]:
    """Copy data from several places into one file; tells at which offset each is now."""
    offsets: dict[Place, int] = {}
    for place in dict.fromkeys(places):
        target.seek(-target.tell() % _PAGE, os.SEEK_CUR)
        offsets[place] = target.tell()
        with place.path.open("rb") as file:
            file.seek(place.offset)
            _copy_bytes(file, target, place.length)
    return offsets


def _copy_bytes(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length:
        block = source.read(min(length, 1 << 20))
        if not block:
            raise OSError("a file with external data became shorter while it was read")
        target.write(block)
        length -= len(block)


def _moved(
    model: onnx.ModelProto, places: list[Place], offsets: dict[Place, int], location: str
) -> onnx.ModelProto:
    """A copy of a model whose external data is at the offsets of one file."""
    moved = onnx.ModelProto()
    moved.CopyFrom(model)
    for tensor, place in zip(external_tensors(moved), places, strict=True):
        tensor.raw_data = b""  # set_external_data wants the field to be there
        set_external_data(tensor, location, offsets[place], place.length)
        tensor.ClearField("raw_data")
    return moved


def _names(target: Path) -> Iterator[str]:
    """The names that the weights of a model may have, in UTF-8, as ONNX wants locations."""
    stem = os.fsencode(target.name).decode("utf-8", "replace")
    return itertools.chain([f"{stem}.data"], (f"{stem}.{n}.data" for n in itertools.count(1)))


def _left_over(model: onnx.ModelProto, target: Path, sources: list[Place]) -> list[Path]:
    """The weights that were written with the model at ``target`` and that nothing else names."""
    pattern = re.compile(re.escape(next(_names(target))[: -len("data")]) + r"(?:\d+\.)?data")
    beside = [path for path in target.parent.iterdir() if path != target and path.is_file()]
    candidates = [p for p in beside if pattern.fullmatch(p.name) and not p.is_symlink()]
    if not candidates:
        return []
    try:
        old = onnx.ModelProto.FromString(target.read_bytes())
        named = _locations(old) - _locations(model)
    except (FileNotFoundError, DecodeError, UnicodeDecodeError):
        return []
    others = [path for path in beside if path not in candidates]
    return [
        path
        for path in candidates
        if path.name in named
        and not any(path.samefile(source.path) for source in sources)
        and not any(_mentions(other, path.name) for other in others)
    ]


def _locations(model: onnx.ModelProto) -> set[str]:
    return {
        os.path.normpath(entry.value)
        for tensor in external_tensors(model)
        for entry in tensor.external_data
        if entry.key == "location"
    }


def _mentions(file: Path, name: str) -> bool:
    """Whether a file may be a model that keeps its weights in a file of that name."""
    try:
        with file.open("rb") as opened:
            first = opened.read(1)  # the tag of the version, in every model
            if not first or (first != b"\x08" and ".onnx" not in file.name):
                return False
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return content.find(os.fsencode(name)) >= 0
    except FileNotFoundError:  # a draft that has been renamed since
        return False
    except OSError:  # it cannot be told
        return True
