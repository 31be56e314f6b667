"""Inputs for running a model: made up, or read from a file and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mish._files import read_arrays
from mish.onnx.files import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, NodeArg  # type: ignore[import-untyped]

Arrays = dict[str, npt.NDArray[np.generic]]

_MOST = 1 << 28  # elements; more than any real input, and 2 GiB while they are made
_OPEN_AXIS = 64  # enough for a convolutional network that halves its image five times

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
    **{
        f"tensor({kind}{bits})": np.dtype(f"{kind}{bits}").type
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    },
}


def load(path: Path) -> Arrays:
    """Read the arrays of an .npz file.

    Raises:
        ModelError: If the file cannot be read, or is not an .npz file of plain arrays.
    """
    try:
        return read_arrays(path)
    except ValueError as error:
        raise ModelError(str(error)) from error


def generate(session: InferenceSession, seed: int = 0) -> Arrays:
    """Make up one input of each name that a session needs.

    Floats are standard normal. Integers and booleans are 0 or 1, so that they are valid as
    indices wherever there are two of a thing. An axis of unknown size gets 1 if it is a first
    axis anywhere, as a batch is, and else 64; axes of the same name get the same size.

    Raises:
        ModelError: If an input has a type that cannot be made up, or is too large.
    """
    rng = np.random.default_rng(seed)
    nodes = session.get_inputs()
    batch = {node.shape[0] for node in nodes if node.shape and isinstance(node.shape[0], str)}
    arrays: Arrays = {}
    for node in nodes:
        dtype = np.dtype(_dtype(node))
        shape = [
            size if isinstance(size, int) else 1 if axis == 0 or size in batch else _OPEN_AXIS
            for axis, size in enumerate(node.shape)
        ]
        if min(shape, default=1) < 0 or math.prod(shape) > _MOST:
            raise ModelError(
                f"the input {node.name} of shape {shape} is too large to be made up; "
                "give a smaller one"
            )
        made = rng.standard_normal(shape) if dtype.kind == "f" else rng.integers(0, 2, shape)
        arrays[node.name] = np.asarray(made).astype(dtype)
    return arrays


def check(arrays: Mapping[str, npt.NDArray[np.generic]], session: InferenceSession) -> None:
    """See that arrays are what a session takes: every input, no other, in its type and shape.

    Raises:
        ModelError: If they are not.
    """
    nodes = {node.name: node for node in session.get_inputs()}
    missing, extra = nodes.keys() - arrays.keys(), arrays.keys() - nodes.keys()
    if missing or extra:
        told = [
            f"{what} {', '.join(sorted(names))}"
            for what, names in (("lacks", missing), ("has besides", extra))
            if names
        ]
        raise ModelError(
            f"the input {' and '.join(told)}; the model takes {', '.join(nodes) or 'none'}"
        )
    for name, array in arrays.items():
        node = nodes[name]
        fits = len(array.shape) == len(node.shape) and all(
            isinstance(wanted, str | None) or wanted == got
            for wanted, got in zip(node.shape, array.shape, strict=True)
        )
        if array.dtype != _dtype(node) or not fits:
            shape = ", ".join("any" if size is None else str(size) for size in node.shape)
            raise ModelError(
                f"the input {name} is {array.dtype} of shape {list(array.shape)}; "
                f"the model takes {node.type} of shape [{shape}]"
            )


def _dtype(node: NodeArg) -> type[np.generic]:
    if node.type not in _DTYPES:
        raise ModelError(f"the input {node.name} has the type {node.type}, which is not supported")
    return _DTYPES[node.type]
