"""Writing a file whole or not at all, and reading arrays."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of ``path`` if the body succeeds, else vanishes.

    Raises:
        OSError: the folder of ``path`` is missing or cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("xb") as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Read the arrays of an .npz file.

    Raises:
        ValueError: the file cannot be read, or is not an .npz file of plain arrays.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not an .npz file of plain arrays") from error
