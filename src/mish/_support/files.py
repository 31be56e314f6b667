"""Writing a file whole or not at all, and reading regular files and arrays."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mish._support.drafts import drafting

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def replacing(path: Path, mode: int = 0o666, twin: Path | None = None) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of ``path`` if the body succeeds, else vanishes.

    A link stays, and what it leads to is replaced. A file that is replaced hands on its
    permissions, and its owner where the process may set it. What is no regular file, such as a
    device or a pipe, is not replaced: it gets the bytes once the body has succeeded.

    Args:
        path: The file to write.
        mode: The permissions of a file that is new, of which the process's umask takes some.
        twin: The file whose permissions and owner to take if ``path`` is new.

    Raises:
        OSError: the folder of ``path`` is missing or cannot be written to.
    """
    if is_stream(path):
        content = io.BytesIO()
        yield content
        with _open_stream(path) as stream:
            stream.write(content.getbuffer())
        return
    with drafting(path, mode, twin) as draft:
        yield draft.file
        draft.commit()


def is_stream(path: Path) -> bool:
    """Whether to write through ``path`` rather than to replace it.

    That is so for what is there and is no regular file, and for the regular file that standard
    output goes to: whatever is printed later must come to it too.
    """
    try:
        status = path.stat()
    except OSError:
        return False
    if stat.S_ISDIR(status.st_mode):
        return False
    return not stat.S_ISREG(status.st_mode) or _is_standard_output(status)


def _open_stream(path: Path) -> BinaryIO:
    if _is_standard_output(path.stat()):
        return os.fdopen(os.dup(1), "wb")  # at its place, not from the start
    return path.open("wb")


def _is_standard_output(status: os.stat_result) -> bool:
    try:
        return os.path.samestat(status, os.fstat(1))
    except OSError:  # there is none
        return False


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        OSError: It cannot be opened, or it is no regular file. A pipe is not waited for.
    """
    kind = _KINDS.get(stat.S_IFMT(path.stat().st_mode))
    if kind is not None:
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))
    return path.open("rb")


def read_arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Read the arrays of an .npz file.

    Raises:
        ValueError: the file cannot be read, or is not an .npz file of plain arrays.
    """
    try:
        file = open_regular(path)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    try:
        with file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not an .npz file of plain arrays") from error


def write_arrays(file: BinaryIO, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Write arrays as an .npz file, under any names that are safe to unpack.

    ``numpy.savez`` takes them as keywords, and so has no arrays called ``file``.

    Raises:
        ValueError: a name would leave the folder that the file is unpacked to, or an array
            holds objects.
    """
    for name in arrays:
        if not name or "\0" in name or name.startswith(("/", "\\")) or _leaves(name):
            raise ValueError(
                f"the array {name!r} cannot be written to an .npz file: its name would leave the "
                "folder that the file is unpacked to"
            )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def _leaves(name: str) -> bool:
    return ".." in re.split(r"[/\\]", name) or re.match(r"[A-Za-z]:", name) is not None
