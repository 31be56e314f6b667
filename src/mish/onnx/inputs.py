"""Inputs for running a model: made up, or read from a file and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import onnx

from mish._files import read_arrays
from mish.onnx.files import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, NodeArg  # type: ignore[import-untyped]

Arrays = dict[str, npt.NDArray[np.generic]]
Axis = int | str | tuple[str, int]  # a length, a name, or an input and a place in its shape

_MOST = 1 << 28  # elements; more than any real input, and 2 GiB while they are made
_BATCH = 1
_OPEN_AXIS = 64  # enough for a convolutional network that halves its image five times
_STEP = 32  # leaves it so

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


def generate(model: onnx.ModelProto, session: InferenceSession, seed: int = 0) -> list[Arrays]:
    """Make up sets of inputs, each with one array for each name that a session needs.

    Floats are standard normal. Integers and booleans are 0 or 1, so that they are valid as
    indices wherever there are two of a thing.

    In the first set an axis of unknown size gets 1 if it is a first axis anywhere, as a batch is,
    and else 64. What makes different sizes out of different axes does not show there, so in the
    sets that follow, fewer and fewer axes have the size of another; a model need not take those.
    Axes of the same name get the same size in all of them.

    Args:
        model: The model of the session.
        session: The session.
        seed: Seed of the numbers.

    Raises:
        ModelError: If an input has a type or a shape that cannot be made up.
    """
    nodes = session.get_inputs()
    shapes = {node.name: _axes(node, model) for node in nodes}
    first = {axes[0] for axes in shapes.values() if axes}
    opened = dict.fromkeys(a for axes in shapes.values() for a in axes if not isinstance(a, int))
    batches = [axis for axis in opened if axis in first]
    others = [axis for axis in opened if axis not in first]
    plain = dict.fromkeys(batches, _BATCH) | dict.fromkeys(others, _OPEN_AXIS)
    more_batches = {axis: _BATCH + 1 + i for i, axis in enumerate(batches)}
    more_others = {axis: _OPEN_AXIS + _STEP * i for i, axis in enumerate(others)}
    choices = [plain]
    for choice in (more_batches | more_others, plain | more_batches, plain | more_others):
        if len(set(choice.values())) > len(set(plain.values())) and choice not in choices:
            choices.append(choice)
    sets = []
    for sizes in choices:
        rng = np.random.default_rng(seed)
        made = {
            node.name: [a if isinstance(a, int) else sizes[a] for a in shapes[node.name]]
            for node in nodes
        }
        if large := [name for name, shape in made.items() if _is_large(shape)]:
            if sizes is not plain:
                continue
            raise ModelError(
                f"the input {large[0]} of shape {made[large[0]]} is too large to be made up; "
                "give a smaller one"
            )
        sets.append({node.name: _numbers(_dtype(node), made[node.name], rng) for node in nodes})
    return sets


def _axes(node: NodeArg, model: onnx.ModelProto) -> list[Axis]:
    """The length of each axis of an input, or what its open axes are told apart by."""
    if not _has_shape(node, model):
        raise ModelError(
            f"the input {node.name} has no shape in the model, so none can be made up; "
            "give one, with --input FILE.npz or from Python"
        )
    return [(node.name, axis) if size is None else size for axis, size in enumerate(node.shape)]


def _has_shape(node: NodeArg, model: onnx.ModelProto) -> bool:
    """Whether the rank of an input is known; a session's list is empty if not, as for a scalar."""
    kinds = {value.name: value.type.tensor_type for value in model.graph.input}
    return node.name not in kinds or kinds[node.name].HasField("shape")


def _is_large(shape: list[int]) -> bool:
    return min(shape, default=1) < 0 or math.prod(shape) > _MOST


def _numbers(
    dtype: type[np.generic], shape: list[int], rng: np.random.Generator
) -> npt.NDArray[np.generic]:
    floating = np.dtype(dtype).kind == "f"
    made = rng.standard_normal(shape) if floating else rng.integers(0, 2, shape)
    return np.asarray(made).astype(dtype)


def check(
    arrays: Mapping[str, npt.NDArray[np.generic]], model: onnx.ModelProto, session: InferenceSession
) -> None:
    """See that arrays are what a session takes: every input, no other, in its type and shape.

    Args:
        arrays: The arrays by name.
        model: The model of the session.
        session: The session.

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
        fits = not _has_shape(node, model) or (
            len(array.shape) == len(node.shape)
            and all(
                isinstance(wanted, str | None) or wanted == got
                for wanted, got in zip(node.shape, array.shape, strict=True)
            )
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
