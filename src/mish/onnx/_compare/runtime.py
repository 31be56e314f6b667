"""Models in ONNX Runtime on CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from mish._support.extras import needs
from mish.onnx._model.files import ModelError, as_model, first_line, serialize
from mish.onnx._write.kernel import is_native, register

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]


class RuntimeRefusal(ModelError):
    """ONNX Runtime does not load or run a model."""


def load(
    model: onnx.ModelProto | str | PathLike[str],
    folder: str | PathLike[str] | None,
    threads: int,
    name: str,
) -> InferenceSession:
    """Make a session of a model, with mish's kernel if the model has the operator for it.

    Args:
        model: A model or the path of one.
        folder: What the external data of a model given as an object is relative to.
        threads: How many threads an operator may use.
        name: What to call the model in an error.

    Raises:
        RuntimeRefusal: If ONNX Runtime does not load it.
    """
    with needs("onnx", "mish.onnx.verify"):
        import onnxruntime

    options = onnxruntime.SessionOptions()
    # Left to itself it starts a thread for each core of the machine, even where the process may
    # use only some of them; they then wait for each other and the times mean nothing.
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # errors come as exceptions with the same text
    loaded = as_model(model)
    if is_native(loaded):
        register(options)
    with ExitStack() as stack:
        if not isinstance(model, onnx.ModelProto) and _is_utf8(Path(model)):
            source: bytes | str = str(Path(model))
        else:
            source = serialize(loaded)
            place = folder if isinstance(model, onnx.ModelProto) else Path(model).parent
            if place is not None:
                key = "session.model_external_initializers_file_folder_path"
                named = stack.enter_context(_in_utf8(Path(place).resolve()))
                options.add_session_config_entry(key, str(named))
        try:
            return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base but this
            raise RuntimeRefusal(f"ONNX Runtime refuses {name}: {first_line(error)}") from error


@contextmanager
def _in_utf8(folder: Path) -> Iterator[Path]:
    """A name of a folder that ONNX Runtime can take: a link where its own is not UTF-8."""
    if _is_utf8(folder):
        yield folder
        return
    with TemporaryDirectory() as home:
        link = Path(home, "models")
        link.symlink_to(folder, target_is_directory=True)
        yield link


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def run(
    session: InferenceSession, feed: Mapping[str, npt.NDArray[np.generic]], name: str
) -> list[Any]:
    """The outputs of a session on arrays by input name.

    Raises:
        RuntimeRefusal: If ONNX Runtime cannot run it on these.
    """
    try:
        return list(session.run(None, dict(feed)))
    except Exception as error:
        raise RuntimeRefusal(
            f"ONNX Runtime cannot run {name} on these inputs: {first_line(error)}"
        ) from error
